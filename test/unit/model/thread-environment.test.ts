import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { threadEnvironment } from "../../../host/model/thread-environment.ts";

const HELPER = new URL("../../../host/model/thread-environment.ts", import.meta.url).href;
/** What a thread and a child process of a program with a cache have of it. */
const PROGRAM = `
  import { execFileSync } from "node:child_process";
  import { enableCompileCache, getCompileCacheDir } from "node:module";
  import { Worker } from "node:worker_threads";
  enableCompileCache(process.argv[1]);
  const { threadEnvironment } = await import(${JSON.stringify(HELPER)});
  const code = 'require("worker_threads").parentPort.postMessage(require("module").getCompileCacheDir())';
  const thread = await new Promise((resolve) => new Worker(code, { eval: true, execArgv: [], env: threadEnvironment() }).once("message", resolve));
  const child = execFileSync("sh", ["-c", "echo $NODE_COMPILE_CACHE"], { encoding: "utf8" }).trim();
  console.log(JSON.stringify({ own: getCompileCacheDir(), thread, child }));
`;

test("a thread has the program's cache of compiled modules, a child process nothing of it", () => {
  const directory = mkdtempSync(join(tmpdir(), "weft-threads-"));
  try {
    const argv = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", PROGRAM, directory];
    const { own, thread, child } = JSON.parse(execFileSync(process.execPath, argv, { encoding: "utf8" }));
    expect(own.startsWith(directory)).toBe(true);
    expect(thread).toBe(own);
    expect(child).toBe("");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("without one a thread's environment is the process's", () => {
  expect(threadEnvironment()).toEqual(process.env);
});
