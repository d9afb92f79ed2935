import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { StartError } from "../../../host/model/errors.ts";
import type { Container } from "../../../host/sandbox/containers.ts";
import { hostResolvConf, hostsFile } from "../../../host/sandbox/resolver.ts";
import { LOG_BYTES_MAX, startShim } from "../../../host/sandbox/shim.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { Stage } from "./stage.ts";

describeNetns("a shim", ["perl", "unshare", "nsenter"], () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = new Stage();
    await stage.open();
  });
  afterAll(() => stage?.close());

  const shimOf = (id: string): number => {
    const { run } = stage.containers.get(id);
    if (run.state !== "running") throw new Error("not running");
    return run.pid;
  };

  test.each([
    ["true", 0, ""],
    ["exit 7", 7, ""],
    ["kill -9 $$", 137, ""],
    ["kill -SEGV $$", 139, ""],
    ["echo out; echo err >&2; exit 255", 255, "out\n"],
  ])("tells how a command ended: %s", async (script, code, output) => {
    expect(await stage.shell(script)).toEqual({ code, output });
  });

  test("passes words on as they are", async () => {
    const words = ["a b", "", " ", "line\nline", "'", '"', "\\", "$(id)", "*", "é→漢", "-n", "a=b", "\t"];
    const id = await stage.run(["printf", "<%s>", ...words]);
    expect(await stage.containers.wait(id)).toBe(0);
    expect(await stage.output(id)).toBe(words.map((word) => `<${word}>`).join(""));
  });

  test("gives an environment, a working directory, namespaces, and no more of the agent", async () => {
    process.env.AGENT_SECRET = "hidden";
    const script = "env; pwd; cat /proc/sys/kernel/hostname; echo $$; ls /sys/class/net; ls /proc | grep -c '^[0-9]'; ls -l /proc/self/fd";
    const id = await stage.run(["sh", "-c", script], { environment: ["A=1\n2", "B=x y"], workingDirectory: "/tmp" });
    await stage.containers.wait(id);
    const output = await stage.output(id);
    delete process.env.AGENT_SECRET;
    const host = id.slice(0, 12);
    expect(output).toContain("A=1\n2\n");
    for (const line of [`HOSTNAME=${host}`, "B=x y", "/tmp", host, "lo"]) expect(output.split("\n")).toContain(line);
    expect(output).not.toContain("hidden");
    expect(output).not.toMatch(/ ([3-9]|\d{2,}) -> (?!\/proc)/);
    expect(readFileSync("/proc/sys/kernel/hostname", "utf8").trim()).not.toBe(host);
  });

  test("gives it a resolv.conf and hosts of its own", async () => {
    const before = readFileSync("/etc/hosts", "utf8");
    const { record } = await stage.containers.create({ command: ["cat", "/etc/resolv.conf", "/etc/hosts"] });
    await stage.containers.start(record.id, ["10.0.0.2"]);
    await stage.containers.wait(record.id);
    const output = await stage.output(record.id);
    expect(output).toBe(`${existsSync("/etc/resolv.conf") ? hostResolvConf() : ""}${hostsFile(record.hostname, ["10.0.0.2"])}`);
    expect(readFileSync("/etc/hosts", "utf8")).toBe(before);
  });

  test("says what cannot be run, as a shell has it", async () => {
    const failing = async (command: string[], workingDirectory = "/") => {
      const { record } = await stage.containers.create({ command, workingDirectory });
      const error = await stage.containers.start(record.id).catch((reason) => reason);
      expect(error).toBeInstanceOf(StartError);
      expect(stage.containers.get(record.id).run).toMatchObject({
        state: "exited",
        exitCode: error.exitCode,
        startedAt: expect.anything(),
      });
      return error.message.replace(record.name, "C");
    };
    expect(await failing(["nonesuch"])).toBe("container C: exec nonesuch: not found in $PATH (exit code 127)");
    expect(await failing(["/no/such"])).toBe("container C: exec /no/such: No such file or directory (exit code 127)");
    expect(await failing(["/etc/passwd"])).toBe("container C: exec /etc/passwd: Permission denied (exit code 126)");
    expect(await failing(["/tmp"])).toBe("container C: exec /tmp: Permission denied (exit code 126)");
    expect(await failing(["true"], "/no/dir")).toBe("container C: working directory /no/dir: No such file or directory (exit code 126)");
    const large = Array<string>(64).fill("x".repeat(100_000));
    expect(await failing(["true", ...large])).toBe("container C: exec true: Argument list too long (exit code 126)");
  });

  test("says that the namespace is gone", async () => {
    const { record, directory } = await stage.containers.create({ command: ["true"] });
    await expect(startShim(directory, "/run/netns/nonesuch", record)).rejects.toThrow(/container .*: nsenter: .*nonesuch.*No such file/);
  });

  test("passes signals on, and reaps what nobody waits for", async () => {
    const id = await stage.run([
      "sh",
      "-c",
      "trap 'echo got' USR1; trap 'exit 3' TERM; (true & exec true) & echo ready; while :; do sleep 0.05; done",
    ]);
    await eventually("it is ready", async () => (await stage.output(id)).includes("ready"));
    stage.containers.signal(id, "USR1");
    await eventually("it got the signal", async () => (await stage.output(id)).includes("got"));
    const children = readFileSync(`/proc/${shimOf(id)}/task/${shimOf(id)}/children`, "utf8")
      .trim()
      .split(" ");
    await eventually("no zombie is left", () => children.every((pid) => !/\) Z /.test(readStat(pid))));
    stage.containers.signal(id, "15");
    expect(await stage.containers.wait(id)).toBe(3);
  });

  test("ends all that the command started when it ends, and all with itself", async () => {
    const id = await stage.run(["sh", "-c", "trap 'exit 4' USR1; (trap '' TERM HUP; echo ready; sleep 61) & wait"]);
    await eventually("it is ready", async () => (await stage.output(id)).includes("ready"));
    await eventually("all run", async () => (await pidsIn(stage.containers.get(id))).length >= 3);
    stage.containers.signal(id, "USR1");
    expect(await stage.containers.wait(id)).toBe(4);
    await eventually("all are gone", async () => (await pidsIn(stage.containers.get(id))).length === 0);
    const other = await stage.run(["sh", "-c", "sleep 62 & wait"]);
    await eventually("all run", async () => (await pidsIn(stage.containers.get(other))).length >= 3);
    process.kill(shimOf(other), "SIGKILL");
    expect(await stage.containers.wait(other)).toBe(137);
    expect(stage.containers.get(other).run).toMatchObject({ error: "it was killed together with its shim" });
    await eventually("all are gone", async () => (await pidsIn(stage.containers.get(other))).length === 0);
  });

  test("cuts long lines, keeps what has no newline, and what is no text", async () => {
    const id = await stage.run(["perl", "-e", 'print "\\xc3\\xa9" x 20000, "\\nshort\\n\\xff\\0end"']);
    await stage.containers.wait(id);
    const lines = await stage.lines(id);
    expect(lines.map(({ log }) => log).join("")).toBe(`${"é".repeat(20_000)}\nshort\n\ufffd\0end`);
    expect(lines.map(({ log }) => Buffer.byteLength(log))).toEqual([16_384, 16_384, 7_233, 6, 7]);
    for (const { time } of lines) expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
  });

  test("keeps a flood's log within its bound, and itself small", async () => {
    const id = await stage.run(["yes", "a line of some length"]);
    const folder = join(stage.containers.get(id).directory, "log");
    const size = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
    const first = await eventually("it is full once", () => statSync(join(folder, "previous"), { throwIfNoEntry: false })?.ino);
    await eventually("it is full twice", () => ![first].includes(statSync(join(folder, "previous")).ino));
    expect(size("current")).toBeLessThanOrEqual(LOG_BYTES_MAX);
    expect(size("previous")).toBeLessThanOrEqual(LOG_BYTES_MAX);
    // Between its renaming and the next there is no current one.
    expect(["current", "previous"]).toEqual(expect.arrayContaining(readdirSync(folder)));
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${shimOf(id)}/status`, "utf8"))?.[1]);
    console.log(`a shim under a flood: ${rss} KiB resident`);
    expect(rss).toBeLessThan(16 * 1024);
    stage.containers.signal(id, "KILL");
    expect(await stage.containers.wait(id)).toBe(137);
    expect(new Set((await stage.lines(id, { tail: 1000 })).map(({ log }) => log))).toEqual(new Set(["a line of some length\n"]));
  });
});

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return "";
  }
}

async function pidsIn({ netnsPath }: Container): Promise<string[]> {
  const { stdout } = await promisify(execFile)("ip", ["netns", "pids", netnsPath.split("/").at(-1) as string]);
  return stdout.trim().split("\n").filter(Boolean);
}
