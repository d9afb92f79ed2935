// Real processes. What needs a namespace is in test/netns/measure.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasTool, inNetns, LateError, refuseNetns, requireTools, runTool, startTool } from "../../../host/measure/tool.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { eventually } from "../../../lab/wait.ts";

const SECONDS_10 = 10_000;
const options = (part: { stop?: AbortSignal; timeoutMs?: number } = {}) => ({
  netns: null,
  stop: new AbortController().signal,
  timeoutMs: SECONDS_10,
  ...part,
});
const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("to its end", () => {
  test("what it printed and how it ended, in English", async () => {
    const script = 'echo "out $LC_ALL"; echo err >&2; exit 3';
    expect(await runTool(["sh", "-c", script], options())).toEqual({ code: 3, stdout: "out C\n", stderr: "err\n" });
  });

  test("a program that is not there", async () => {
    await expect(runTool(["weft-no-such-tool"], options())).rejects.toThrow(
      "weft-no-such-tool cannot be started: spawn weft-no-such-tool: no such file or directory",
    );
  });

  test("one that does not end in time is killed", async () => {
    await expect(runTool(["sleep", "60"], options({ timeoutMs: 50 }))).rejects.toThrow(LateError);
    await expect(runTool(["sleep", "60"], options({ timeoutMs: 50 }))).rejects.toThrow("sleep did not end within 0.05 s");
  });
});

describe("stopped", () => {
  test("before it began, nothing is started", async () => {
    const folder = mkdtempSync(join(tmpdir(), "weft-tool-"));
    try {
      await expect(runTool(["touch", join(folder, "file")], options({ stop: AbortSignal.abort("SIGINT") }))).rejects.toBe("SIGINT");
      expect(() => readFileSync(join(folder, "file"))).toThrow();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    ["asked to end", "sleep 60"],
    ["killed when it does not listen", "trap '' TERM; while :; do sleep 0.1; done"],
  ])("%s, and gone when the promise settles", async (_, script) => {
    const controller = new AbortController();
    const { child, ended } = startTool("sh", ["-c", `echo ready; ${script}`], controller.signal);
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    controller.abort("SIGINT");
    expect((await ended).code).toBeNull();
    expect(alive(child.pid as number)).toBe(false);
  });

  test("the reason is the signal's", async () => {
    const controller = new AbortController();
    const running = runTool(["sleep", "60"], options({ stop: controller.signal }));
    controller.abort("SIGTERM");
    await expect(running).rejects.toBe("SIGTERM");
  });

  test("a terminal's Ctrl-C does not reach it: it has a process group of its own", async () => {
    const controller = new AbortController();
    const { child, ended } = startTool("sleep", ["60"], controller.signal);
    await eventually("the child's group", () => {
      const [, group] = /\) \S (?:\d+ )(\d+)/.exec(readFileSync(`/proc/${child.pid}/stat`, "utf8")) ?? [];
      return Number(group) === child.pid;
    });
    controller.abort("SIGINT");
    await ended;
  });
});

describe("what is installed", () => {
  test("is found, also where PATH leaves out the system's folders", () => {
    expect(hasTool("sh")).toBe(true);
    expect(hasTool("weft-no-such-tool")).toBe(false);
  });

  test("what is missing is named with its package", () => {
    const path = process.env.PATH;
    try {
      process.env.PATH = "/nowhere";
      expect(() => requireTools("iperf3")).toThrow(new OperationError("iperf3 is not installed (Debian package iperf3)"));
      expect(() => requireTools("ping")).toThrow(new OperationError("ping is not installed (Debian package iputils-ping)"));
    } finally {
      process.env.PATH = path;
    }
    expect(() => requireTools("sh")).not.toThrow();
  });
});

describe("namespaces", () => {
  test("nsenter leads there, and nothing when there is none", () => {
    expect(inNetns(null, ["ping", "x"])).toEqual(["ping", "x"]);
    expect(inNetns("/run/netns/a", ["ping", "x"])).toEqual(["nsenter", "--net=/run/netns/a", "--", "ping", "x"]);
  });

  test("what nsenter says is told as such, what the tool says is not", () => {
    const stderr = "nsenter: reassociate to namespace 'ns/net' failed: Operation not permitted\n";
    expect(() => refuseNetns("/run/netns/a", { code: 1, stdout: "", stderr })).toThrow(
      "network namespace /run/netns/a: reassociate to namespace 'ns/net' failed: Operation not permitted (entering it needs root)",
    );
    expect(() => refuseNetns("/run/netns/a", { code: 1, stdout: "", stderr: "ping: connect: Network is unreachable" })).not.toThrow();
    expect(() => refuseNetns(null, { code: 1, stdout: "", stderr })).not.toThrow();
  });
});
