// docs/config.md, written from the table of keys so that it cannot disagree with what is checked. Pure; scripts/docs.ts calls it.

import { SECTIONS } from "./keys.ts";
import { parseConfig } from "./read.ts";

/** A file that uses most keys. It is checked each time it is printed. */
export const EXAMPLE = `node: { name: a, vtep: 10.99.0.1 }
metrics: 127.0.0.1:9477
networks:
  - name: blue
    vni: 42
    peers: [10.99.0.2]
    fdb: [{ mac: "02:42:0a:00:00:02", vtep: 10.99.0.2 }]
    neighbors: [{ ip: 10.0.0.2, mac: "02:42:0a:00:00:02" }]
    ports:
      - { netns: pcA, interface: eth0, address: [10.0.0.1/24, "fd00::1/64"], mac: "02:42:0a:00:00:01" }
`;

/** The reference of weft.yaml as Markdown. */
export function describeConfig(): string {
  parseConfig(EXAMPLE, "example");
  return [
    "# The static configuration",
    "",
    "`weft agent --config weft.yaml` reads one file in YAML 1.2. It is checked whole before anything is created: what is wrong is told in",
    "one line, `file:line:column: path: what`, and the exit code is 2. An unknown key is an error. This page is generated from the table",
    "that files are checked by (`host/config/keys.ts`).",
    "",
    "```yaml",
    EXAMPLE.trimEnd(),
    "```",
    ...SECTIONS.flatMap(({ path, doc, keys }) => ["", `## ${path === "" ? "Top level" : `\`${path}\``}`, "", doc, "", ...table(keys)]),
    "",
  ].join("\n");
}

function table(keys: (typeof SECTIONS)[number]["keys"]): string[] {
  const rows = Object.entries(keys).map(([name, key]) => {
    const value = key.unit === "" ? key.words : `${key.words}, ${key.unit}`;
    return `| \`${name}\` | ${value} | ${key.defaultText === null ? "required" : defaultText(key.defaultText)} | ${key.doc} |`;
  });
  return ["| key | value | default | meaning |", "|---|---|---|---|", ...rows];
}

/** Code, unless it is a sentence. */
function defaultText(text: string): string {
  return text.includes(" ") ? text : `\`${text}\``;
}
