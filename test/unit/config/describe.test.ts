import { expect, test } from "vitest";
import { describeConfig, EXAMPLE } from "../../../host/config/describe.ts";
import { SECTIONS } from "../../../host/config/keys.ts";
import { parseConfig } from "../../../host/config/read.ts";

test("every key stands in the reference, with its default and its sentence", () => {
  const page = describeConfig();
  for (const { path, keys } of SECTIONS) {
    const heading = path === "" ? "## Top level" : `## \`${path}\``;
    const section = page.slice(page.indexOf(heading)).split("\n## ")[0];
    for (const [name, key] of Object.entries(keys)) {
      expect(section).toMatch(new RegExp(`^\\| \`${name}\` \\| .+ \\| .+ \\| .+ \\|$`, "m"));
      expect(key.doc).toMatch(/^\W?[A-Z].*\.$/);
      expect(section).toContain(key.doc);
    }
  }
  expect(page).toContain("| `ageing` | whole number 10..1000000, seconds | `300` |");
});

test("the example is a configuration that is accepted", () => {
  expect(parseConfig(EXAMPLE, "example").networks[0].ports[0].addresses).toEqual(["10.0.0.1/24", "fd00::1/64"]);
});
