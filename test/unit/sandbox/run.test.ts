import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { abandonRun, isGone, readRun, writeExit } from "../../../host/sandbox/run.ts";

const NOW = "2026-01-02T03:04:05.000Z";
const BOOT = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-run-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const read = () => readRun(directory, () => NOW);
const since = (pid: number) => Number(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1].split(" ")[19]);
const writeShim = (changes: object = {}) =>
  writeFileSync(
    join(directory, "pid"),
    JSON.stringify({ pid: process.pid, since: since(process.pid), boot: BOOT, at: "2026-01-01T00:00:00Z", ...changes }),
  );

test("one that nothing was started in is being created, until it is given up", () => {
  expect(read()).toEqual({ state: "creating", abandoned: false });
  expect(abandonRun(directory)).toBe(true);
  expect(read()).toEqual({ state: "creating", abandoned: true });
  expect(abandonRun(directory)).toBe(true);
  expect(isGone(directory)).toBe(true);
});

test("one whose shim lives is running, and cannot be given up", () => {
  writeShim();
  expect(read()).toEqual({ state: "running", pid: process.pid, startedAt: "2026-01-01T00:00:00Z" });
  expect(abandonRun(directory)).toBe(false);
  expect(isGone(directory)).toBe(false);
});

test("what the shim said of its end counts, also while it lives", () => {
  writeShim();
  writeFileSync(join(directory, "exit"), JSON.stringify({ code: 7, signal: null, error: "", at: NOW }));
  expect(read()).toEqual({ state: "exited", startedAt: "2026-01-01T00:00:00Z", finishedAt: NOW, exitCode: 7, error: "" });
  writeExit(directory, 1, "late", NOW);
  expect(read()).toMatchObject({ exitCode: 7 });
});

test("a number that another process has now is not the shim's", () => {
  writeShim({ since: since(process.pid) - 1 });
  expect(read()).toMatchObject({ state: "exited", exitCode: 137, finishedAt: NOW });
  expect(isGone(directory)).toBe(true);
});

test("a shim of an earlier boot went down with the host, and that is written down", () => {
  writeShim({ boot: "another" });
  expect(read()).toMatchObject({ state: "exited", exitCode: 255, error: "the host was restarted" });
  expect(readRun(directory, () => "later")).toMatchObject({ finishedAt: NOW });
});

test.each(["", "{", '{"pid":'])(
  "what a host that lost its power left of its files (%j) says that it was restarted, from then on",
  (left) => {
    writeFileSync(join(directory, "pid"), left);
    expect(read()).toEqual({ state: "exited", startedAt: null, finishedAt: NOW, exitCode: 255, error: "the host was restarted" });
    expect([isGone(directory), abandonRun(directory)]).toEqual([true, false]);
    writeShim({ boot: "another" });
    writeFileSync(join(directory, "exit"), left);
    expect(read()).toMatchObject({ startedAt: "2026-01-01T00:00:00Z", finishedAt: NOW, exitCode: 255 });
    expect(readRun(directory, () => "later")).toMatchObject({ finishedAt: NOW });
  },
);

test("a shim that has ended, and that nobody has waited for, is gone", async () => {
  const [program, ...words] = ["perl", "-e", '$| = 1; my $child = fork; exit 0 if $child == 0; print "$child\\n"; sleep 60'];
  const parent = spawn(program, words, { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const pid = Number(String((await parent.stdout[Symbol.asyncIterator]().next()).value));
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1][0]).toBe("Z");
    writeShim({ pid, since: since(pid) });
    expect(isGone(directory)).toBe(true);
  } finally {
    parent.kill("SIGKILL");
  }
});
