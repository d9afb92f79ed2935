// What the pages say can be looked up: commands and flags in docs/cli.md, metrics in docs/metrics.md and so on, which are made from the sources
// (docs.test.ts), and numbers in sentences in the sources themselves. A page that names what there is not, or is known to no reader, fails.

import { existsSync, globSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { constant } from "../../scripts/limits.ts";
import { read, root } from "../../scripts/sources.ts";

const PAGES = ["README.md", ...globSync("docs/*.md", { cwd: root })].sort();
/** Everything that a page says in code: blocks of a shell, and words between backticks. */
const shells = (text: string) => [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, body]) => body.replaceAll("\\\n", " "));
const spans = (text: string) => [...text.replaceAll(/```[\s\S]*?```/g, "").matchAll(/`([^`\n]+)`/g)].map(([, span]) => span);
/** `find` gives what a page names and there is not. */
const wrong = (find: (text: string, page: string) => string[], pages = PAGES) =>
  pages.flatMap((page) => find(read(page), page).map((what) => `${page}: ${what}`));

describe("commands", () => {
  const sections = new Map(
    read("docs/cli.md")
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.split("\n", 1)[0], section]),
  );

  /** Why there is no such command line; null = there is. */
  function fault(line: string): string | null {
    if (line.endsWith('"$@"')) return null; // a function of the shell
    const words = line.replace(/\s+#.*$/, "").split(/\s+/);
    let name = "weft";
    let rest = words.slice(1);
    // What comes first may be a flag of every command: --host ADDRESS.
    if (["--host", "-H"].includes(rest[0])) rest = rest.slice(2);
    while (sections.has(`${name} ${rest[0]}`)) name += ` ${rest.shift()}`;
    if (name === "weft" && rest.length > 0 && !/^-/.test(rest[0])) return `${line}: no such command`;
    const own = rest.slice(0, rest.includes("--") ? rest.indexOf("--") : undefined);
    const flags = own.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split("=")[0]);
    const unknown = flags.find((flag) => !new RegExp(`(^|[\\s,(])${RegExp.escape(flag)}(?![\\w-])`, "m").test(sections.get(name) ?? ""));
    return unknown === undefined ? null : `${line}: ${name} has no ${unknown}`;
  }

  test("that are shown are there, with their flags", () => {
    const lines = (text: string) => [
      ...shells(text).flatMap((body) =>
        [...body.matchAll(/(?:^|[ (/])(weft)(?:-[ab])? ([a-z-][^\n|&;)]*)/gm)].map(([, , words]) => `weft ${words}`),
      ),
      ...spans(text).filter((span) => /^weft [a-z-]/.test(span) && !/^weft (bench )?ready/.test(span)),
    ];
    expect(lines(read("docs/cluster.md")).length).toBeGreaterThan(20);
    expect(wrong((text) => lines(text.replaceAll(/ …| \[.*?\]/g, "")).flatMap((line) => fault(line.trim()) ?? []))).toEqual([]);
  });

  test("the check finds what is wrong", () => {
    expect(fault("weft network create --subnet 10.0.0.0/24 blue")).toBeNull();
    expect(fault("weft --host unix:///x fdb show --format json")).toBeNull();
    expect(fault("weft run -d --network blue -- ls --frob")).toBeNull();
    expect(fault("weft netwrk ls")).toBe("weft netwrk ls: no such command");
    expect(fault("weft node ls --sort")).toBe("weft node ls --sort: weft node ls has no --sort");
  });

  test("flags that are named alone are there", () => {
    const cli = read("docs/cli.md");
    const flags = (text: string) => spans(text).flatMap((span) => /^(--[a-z-]+)(?: .*)?$/.exec(span)?.[1] ?? []);
    const pages = PAGES.filter((page) => !/bench|measure|results|figures|development/.test(page));
    expect(pages.flatMap((page) => flags(read(page))).length).toBeGreaterThan(10);
    expect(wrong((text) => flags(text).filter((flag) => !new RegExp(`^  .*${flag}(?![\\w-])`, "m").test(cli)), pages)).toEqual([]);
  });

  test("of npm are there", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    expect(wrong((text) => [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name).filter((name) => !(name in scripts)))).toEqual(
      [],
    );
  });
});

describe("names", () => {
  test("metrics are there", () => {
    const known = [...read("docs/metrics.md").matchAll(/^\| `(weft_\w+)`/gm)].map(([, name]) => name);
    const isKnown = (name: string) =>
      name.endsWith("_") ? known.some((one) => one.startsWith(name)) : known.includes(name.replace(/_bucket$/, ""));
    const names = (text: string) => (text.match(/\bweft_[a-z_]+/g) ?? []).filter((name) => !isKnown(name));
    expect(wrong(names, [...PAGES, ...globSync("deploy/*.yml", { cwd: root })])).toEqual([]);
  });

  test("reasons are there", () => {
    const known = new Set([...read("docs/reasons.md").matchAll(/^\| \d+ \| `(\w+)`/gm)].map(([, name]) => name));
    const names = (text: string) =>
      [...text.matchAll(/\b(?:drops?|dropped as|counted)\b[^`.|\n]{0,3}`([a-z][a-z_]+_[a-z_]+)`/g)].map(([, name]) => name);
    expect(names(read("docs/conformance.md")).length).toBeGreaterThan(4);
    expect(wrong((text) => names(text).filter((name) => !known.has(name)))).toEqual([]);
  });

  test("keys of the file are there", () => {
    const known = new Set([...read("docs/config.md").matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name));
    const keys = (text: string) =>
      spans(text).flatMap((span) => /^(\w+): (?:true|false|auto|on|off|inherit|native|dgram)$/.exec(span)?.[1] ?? []);
    expect(keys(read("docs/conformance.md")).length).toBeGreaterThan(3);
    expect(wrong((text) => keys(text).filter((key) => !known.has(key)))).toEqual([]);
  });

  test("files are there", () => {
    const paths = (text: string) =>
      spans(text).filter((span) => /^(?:assembly|bench|bin|deploy|docs|host|lab|scripts|test)\/[\w./-]*$/.test(span));
    expect(wrong((text) => paths(text).filter((path) => !existsSync(join(root, path))))).toEqual([]);
  });

  test("headings that are linked are there", () => {
    const slug = (heading: string) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-");
    const headings = (page: string) => [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slug(heading));
    const dead = (text: string, page: string) =>
      [...text.matchAll(/\]\(([^)#:]*)#([^)]+)\)/g)]
        .filter(([, to, anchor]) => !headings(to === "" ? page : posix.join(dirname(page), to)).includes(anchor))
        .map(([link]) => link);
    expect(wrong(dead)).toEqual([]);
  });
});

describe("readers", () => {
  test("find every page from the README", () => {
    const readme = read("README.md");
    expect(PAGES.filter((page) => page !== "README.md" && !readme.includes(`](${page})`))).toEqual([]);
  });

  test("find every file of the state directory explained", () => {
    const files = [...read("host/agent/member/state-files.ts").matchAll(/^export const \w+ = "(.+)";$/gm)].map(([, name]) => name);
    const text = read("docs/cluster.md");
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((name) => !text.includes(`\`${name}`))).toEqual([]);
  });

  test("find every column and key of an example explained", () => {
    const text = read("docs/first-steps.md");
    const explained = new Set([...text.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name));
    const heads = [...text.matchAll(/```text\n([A-Z].*)\n/g)].flatMap(([, head]) => head.trim().split(/ {2,}/));
    expect(heads.length).toBeGreaterThan(20);
    // What one table has explained is not explained again in the next.
    expect(heads.filter((title) => !explained.has(title))).toEqual([]);
  });
});

/** Sentences with a number for `{}`, and where it is said what the number is; `by`: the page's unit in the source's. */
const SENTENCES: readonly [page: string, sentence: string, file: string, name: string, by?: number][] = [
  ["docs/cluster.md", "a lease of {} seconds", "host/model/cluster/records.ts", "ALIVE_TTL_SECONDS"],
  ["docs/first-steps.md", "no sign of life for {} seconds", "host/model/cluster/records.ts", "ALIVE_TTL_SECONDS"],
  ["docs/cluster.md", "rests {} seconds", "host/model/cluster/records.ts", "ADDRESS_REST_SECONDS"],
  ["docs/first-steps.md", "freed less than {} seconds ago", "host/model/cluster/records.ts", "ADDRESS_REST_SECONDS"],
  ["docs/cluster.md", "or after {} hours", "host/model/cluster/records.ts", "DEAD_NODE_HOURS"],
  ["docs/cluster.md", "For {} seconds nothing new is made", "host/model/cluster/records.ts", "RESTORING_SECONDS"],
  ["docs/cluster.md", "VNI | from {} up", "host/model/cluster/records.ts", "VNI_FIRST"],
  ["docs/cluster.md", "P-256, {} days", "host/cluster/ca.ts", "CERTIFICATE_DAYS"],
  ["docs/cluster.md", "between {} and", "host/cluster/renewal.ts", "EARLIEST", 0.01],
  ["docs/cluster.md", "and {} % of its", "host/cluster/renewal.ts", "LATEST", 0.01],
  ["docs/cluster.md", "with more than {},", "host/cluster/probe/rota.ts", "SAMPLE"],
  ["docs/cluster.md", "a burst of {} ", "host/cluster/probe/detector.ts", "BURST"],
  ["docs/cluster.md", "at least {} s of silence", "host/cluster/probe/detector.ts", "EVIDENCE_MS", 1000],
  ["docs/cluster.md", "one each {} s", "host/agent/member/upkeep.ts", "STRAYS_MS", 1000],
  ["docs/cluster.md", "TCP {}", "host/model/cluster/start.ts", "DEFAULT_LISTEN_PORT"],
  ["docs/cluster.md", "UDP {}", "host/cli/member.ts", "DATA_PORT"],
  ["docs/first-steps.md", "of the last {} probes", "host/cluster/probe/peer.ts", "LOSS_WINDOW"],
  ["docs/first-steps.md", "forgotten after {} seconds", "host/follow/settings.ts", "AGEING_SECONDS"],
  ["docs/fast-path.md", "among the first {} ", "host/control/injection.ts", "INJECTED_MAX"],
  ["docs/fast-path.md", "within {} s of its appearance", "host/control/injection.ts", "LISTEN_MS", 1000],
  ["docs/fast-path.md", "every {} s whatever", "host/control/injection.ts", "PATIENCE_MS", 1000],
  ["docs/fast-path.md", "up to {} of them share one send", "assembly/abi/limits.ts", "RX_MAX"],
  ["docs/fast-path.md", "virtio-net ({} bytes", "host/sys/tunnel-tap.ts", "TUNNEL_HEADER_BYTES"],
  ["docs/architecture.md", "receive buffers, 64 × {} KiB", "assembly/abi/limits.ts", "RX_BUFFER_BYTES", 1024],
  ["docs/architecture.md", "packed arena, 64 × {} KiB", "assembly/abi/limits.ts", "TX_BUFFER_BYTES", 1024],
  ["docs/architecture.md", "FDB × 2, {} B", "assembly/abi/table.ts", "FDB_BYTES"],
  ["docs/architecture.md", "addresses × 2, {} B", "assembly/abi/table.ts", "ADDRESS_BYTES"],
  ["docs/architecture.md", "ports, {} B", "assembly/abi/port.ts", "PORT_BYTES"],
  ["docs/architecture.md", "VTEPs, {} B", "assembly/abi/vtep.ts", "VTEP_BYTES"],
  ["docs/conformance.md", "{} ports of each worker", "assembly/abi/limits.ts", "TX_SOCKETS"],
  ["docs/conformance.md", "in {}–65535", "host/sys/udp.ts", "SOURCE_PORT_MIN"],
  ["docs/conformance.md", "at most {} in 100 ms", "assembly/abi/limits.ts", "ICMP_ERRORS_PER_TICK"],
  ["docs/words.md", "| {} ms, the only clock", "assembly/abi/limits.ts", "TICK_MS"],
  ["docs/measure.md", "TCP and UDP port {} ", "host/cli/bench.ts", "PORT"],
];

test.each(SENTENCES)("%s: %s", (page, sentence, file, name, by = 1) => {
  const value = Number((constant(file, name) / by).toPrecision(9));
  expect(
    read(page)
      .replaceAll(/\s+/g, " ")
      .includes(sentence.replace("{}", String(value))),
    `${name} in ${file} is ${value}`,
  ).toBe(true);
});
