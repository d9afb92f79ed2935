// Compiles the packet core: every target of asconfig.json into build/. Called by `npm ci` (prepare) and before tests, so a target whose
// sources have not changed is left alone. A module is compiled aside and renamed into place: whoever is loading build/core.wasm at that
// moment reads the old one or the new one, never half of one.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dirname);

interface Target {
  name: string;
  /** Where the module goes, relative to the root. */
  outFile: string;
  /** `assembly/<target>.ts` where there is one, else the core's own index. */
  entry: string;
}

/** The targets that asconfig.json lists. */
function targets(): Target[] {
  const config = JSON.parse(readFileSync(join(root, "asconfig.json"), "utf8")) as { targets: Record<string, { outFile: string }> };
  return Object.entries(config.targets).map(([name, { outFile }]) => ({
    name,
    outFile,
    entry: existsSync(join(root, `assembly/${name}.ts`)) ? `assembly/${name}.ts` : "assembly/index.ts",
  }));
}

/** A digest of everything that decides what the compiler writes. */
function fingerprint(): string {
  const hash = createHash("sha256");
  const files = ["asconfig.json", "node_modules/assemblyscript/package.json", ...globSync("assembly/**/*.ts", { cwd: root }).sort()];
  for (const file of files)
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(root, file)))
      .update("\0");
  return hash.digest("hex");
}

/** Compiles one target unless its stamp says that it is current. Returns false when the compiler refused. */
function build(target: Target, digest: string): boolean {
  const outFile = join(root, target.outFile);
  const stamp = `${outFile}.stamp`;
  if (existsSync(outFile) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return true;
  const aside = `${outFile}.${process.pid}`;
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const begin = performance.now();
  const args = [asc, target.entry, "--config", "asconfig.json", "--target", target.name, "--outFile", aside];
  const result = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (result.status !== 0) {
    rmSync(aside, { force: true });
    console.error(`build: asc refused ${target.entry} (target ${target.name})`);
    return false;
  }
  renameSync(aside, outFile);
  writeFileSync(stamp, digest);
  console.log(`build: ${target.outFile} from ${target.entry} in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return true;
}

mkdirSync(join(root, "build"), { recursive: true });
const digest = fingerprint();
const results = targets().map((target) => build(target, digest));
if (results.includes(false)) process.exitCode = 1;
