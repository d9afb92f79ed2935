// Lint and format of the packet core's AssemblyScript. Its syntax is TypeScript's but for decorators on functions (`@inline`), which
// Biome's parser refuses. So the folder is copied aside with each such line turned into a comment, Biome checks the copy by the root's
// biome.json, and with --write what it mended is copied back with the decorators restored. (assembly/abi is plain TypeScript: Biome sees
// it where it is.)

import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dirname);
const write = process.argv.includes("--write");
const DECORATOR = /^(\s*)@(inline|unmanaged|final|lazy|unsafe|builtin|global)$/gm;
const MASKED = /^(\s*)\/\/ decorator (\w+)$/gm;

/** Biome's rules that speak of JavaScript's idioms, which AssemblyScript's language does not have. */
const OFF = {
  correctness: { noPrecisionLoss: "off" }, // 64-bit literals are exact there
  style: { useNumberNamespace: "off", useExponentiationOperator: "off" },
  // AssemblyScript erases no imports, so it has no `import type`; NaN tests and === on numbers are the same there.
  suspicious: { noGlobalIsNan: "off", noGlobalIsFinite: "off", noDoubleEquals: "off", noTsIgnore: "off" },
};

const files = globSync("assembly/**/*.ts", { cwd: root, exclude: (path) => path === "assembly/abi" }).filter(
  (file) => !file.startsWith("assembly/abi/"),
);
const copy = mkdtempSync(join(tmpdir(), "weft-assembly-"));
try {
  const config = JSON.parse(readFileSync(join(root, "biome.json"), "utf8"));
  config.$schema = undefined;
  config.files = undefined;
  config.overrides = undefined;
  config.linter.rules.correctness = { ...config.linter.rules.correctness, ...OFF.correctness };
  config.linter.rules.style = { ...config.linter.rules.style, ...OFF.style, useImportType: "off" };
  config.linter.rules.suspicious = { ...config.linter.rules.suspicious, ...OFF.suspicious };
  writeFileSync(join(copy, "biome.json"), JSON.stringify(config));
  const masked = new Map<string, string>();
  for (const file of files) {
    const text = readFileSync(join(root, file), "utf8").replace(DECORATOR, "$1// decorator $2");
    masked.set(file, text);
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), text);
  }
  if (files.length > 0) {
    const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
    const args = [biome, "check", "--error-on-warnings", "--max-diagnostics=200", ...(write ? ["--write"] : []), "assembly"];
    const { status } = spawnSync(process.execPath, args, { cwd: copy, stdio: "inherit" });
    process.exitCode = status ?? 1;
  }
  for (const [file, before] of masked) {
    const after = readFileSync(join(copy, file), "utf8");
    if (write && after !== before) writeFileSync(join(root, file), after.replace(MASKED, "$1@$2"));
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
