import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockDirectory } from "../../../host/cluster/lock.ts";

let directory: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-lock-"));
});
afterEach(() => {
  child?.kill("SIGKILL");
  child = undefined;
  rmSync(directory, { recursive: true });
});

test("a second taker is refused by name until the first gives it back", () => {
  const release = lockDirectory(directory);
  expect(() => lockDirectory(directory)).toThrow(`state directory ${directory}: in use by weft (pid ${process.pid})`);
  release();
  lockDirectory(directory)();
});

test("the lock ends with its process, and is not kept by what that started", async () => {
  const program = `
    const { lockDirectory } = await import(${JSON.stringify(new URL("../../../host/cluster/lock.ts", import.meta.url).href)});
    const { spawn } = await import("node:child_process");
    lockDirectory(${JSON.stringify(directory)});
    const sleeper = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
    console.log(sleeper.pid);
    setInterval(() => {}, 1000);`;
  child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout as NodeJS.ReadableStream, "data");
  const sleeper = Number(String(line));
  try {
    expect(() => lockDirectory(directory)).toThrow(`in use by weft (pid ${child.pid})`);
    child.kill("SIGKILL");
    await once(child, "exit");
    lockDirectory(directory)();
    expect(spawnSync("kill", ["-0", String(sleeper)]).status).toBe(0);
  } finally {
    process.kill(sleeper, "SIGKILL");
  }
});

test("two who take it, remove the file and give it back, again and again: never both have it", async () => {
  const program = `
    const { lockDirectory } = await import(${JSON.stringify(new URL("../../../host/cluster/lock.ts", import.meta.url).href)});
    const { closeSync, openSync, rmSync } = await import("node:fs");
    const [directory] = process.argv.slice(1);
    for (let had = 0; had < 2000; ) {
      let release;
      try { release = lockDirectory(directory); } catch { continue; }
      closeSync(openSync(directory + "/alone", "wx"));
      had++;
      rmSync(directory + "/alone");
      rmSync(directory + "/lock");
      release();
    }`;
  const ends = [1, 2].map(async () => {
    const taker = spawn(process.execPath, ["--input-type=module", "-e", program, directory], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    taker.stderr.on("data", (text) => (said += text));
    return [...(await once(taker, "close")), said];
  });
  expect(await Promise.all(ends)).toEqual([
    [0, null, ""],
    [0, null, ""],
  ]);
});

test("a directory that cannot be had is named", () => {
  expect(() => lockDirectory(join(directory, "none"))).toThrow(/^state directory .*none: no such file or directory/i);
});
