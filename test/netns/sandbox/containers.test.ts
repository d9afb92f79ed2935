import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { ensurePort, type OpenPort } from "../../../host/netdev/port.ts";
import { resourceOf } from "../../../host/sandbox/resource.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { closeNetnsThread } from "../../../host/sys/netns-thread.ts";
import { run } from "../../../lab/command.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { Stage } from "./stage.ts";

const execute = promisify(execFile);
const MANY = 50;

describeNetns("containers", ["perl", "unshare", "nsenter", "script"], () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = new Stage();
    await stage.open();
  });
  afterEach(() => stage?.close());
  afterAll(closeNetnsThread);

  const refused = (work: () => unknown, kind: typeof OperationError | typeof UsageError, message: RegExp) => {
    expect(work).toThrow(kind);
    expect(work).toThrow(message);
  };

  test("are found by id, name and unique beginning, and refused by name otherwise", async () => {
    const a = await stage.run(["sleep", "60"], { name: "web1" });
    const { record } = await stage.containers.create({ command: ["true"] });
    for (const reference of [a, "web1", a.slice(0, 12)]) expect(stage.containers.get(reference).record.id).toBe(a);
    expect(record.name).toMatch(/^[a-z]+_[a-z]+$/);
    expect(stage.containers.get(record.name).run).toEqual({ state: "creating", abandoned: false });
    refused(() => stage.containers.get("nonesuch"), OperationError, /^no such container: nonesuch$/);
    refused(() => stage.containers.get(""), OperationError, /no such container/);
    const taken = stage.containers.create({ name: "web1", command: ["true"] });
    await expect(taken).rejects.toThrow(`the container name web1 is in use by container ${a.slice(0, 12)}`);
    await expect(stage.containers.create({ name: "-x", command: ["true"] })).rejects.toThrow(UsageError);
    await expect(stage.containers.create({ command: [] })).rejects.toThrow(UsageError);
    expect(
      stage.containers
        .list()
        .map(({ record }) => record.id)
        .sort(),
    ).toEqual([a, record.id].sort());
  });

  test("run once, keep what the caller gives them, and tell their end", async () => {
    const exits: string[] = [];
    stage.containers.onExit(({ record, run }) => exits.push(`${record.name} ${run.state}`));
    const { record } = await stage.containers.create({
      name: "once",
      command: ["sh", "-c", "exit 3"],
      labels: { a: "b" },
    });
    const waiting = stage.containers.wait(record.id);
    const started = stage.containers.start(record.id);
    await expect(stage.containers.start(record.id)).rejects.toThrow("container once was started before: a container runs once");
    await started;
    expect(await waiting).toBe(3);
    await eventually("it is told", () => exits.length > 0);
    expect(exits).toEqual(["once exited"]);
    await expect(stage.containers.start(record.id)).rejects.toThrow("started before");
    refused(() => stage.containers.signal(record.id, "TERM"), OperationError, /container once is not running/);
    await stage.open();
    expect(stage.containers.get("once").record).toMatchObject({
      labels: { a: "b" },
      command: ["sh", "-c", "exit 3"],
    });
  });

  test("are waited for until nobody waits any more, or they are removed", async () => {
    const id = await stage.run(["sleep", "60"]);
    const gone = new AbortController();
    const waiting = stage.containers.wait(id, gone.signal);
    gone.abort(new Error("left"));
    await expect(waiting).rejects.toThrow("left");
    await expect(stage.containers.wait(id, gone.signal)).rejects.toThrow("left");
    const { record } = await stage.containers.create({ command: ["true"] });
    const never = expect(stage.containers.wait(record.id)).rejects.toThrow("was removed");
    await stage.containers.remove(record.id);
    await never;
  });

  test("take signals by name or number, and no others", async () => {
    const id = await stage.run(["sleep", "60"], { name: "sleeper" });
    refused(() => stage.containers.signal(id, "STOP"), UsageError, /^signal STOP: expected one of HUP, /);
    refused(() => stage.containers.signal(id, "0"), UsageError, /^signal 0: expected/);
    stage.containers.signal(id, "SIGINT");
    expect(await stage.containers.wait(id)).toBe(130);
  });

  test("are not removed while they run, but by force, even if they ignore SIGTERM", async () => {
    const id = await stage.run(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"], { name: "stubborn" });
    await eventually("it ignores", async () => (await stage.output(id)) === "ready\n");
    await expect(stage.containers.remove(id)).rejects.toThrow("container stubborn is running: stop it, or remove it by force (-f)");
    const released: string[] = [];
    const begun = performance.now();
    const release = async () => void released.push(stage.containers.get(id).run.state);
    await Promise.all([stage.containers.remove(id, { force: true, release }), stage.containers.remove(id, { force: true, release })]);
    expect(performance.now() - begun).toBeGreaterThan(500);
    expect(released).toEqual(["exited"]);
    await stage.containers.remove(id);
    refused(() => stage.containers.get("stubborn"), OperationError, /no such container/);
  });

  test("stay, to be undone, while what they hold cannot be released", async () => {
    const id = await stage.run(["sleep", "60"]);
    const release = async () => Promise.reject(new Error("no manager answers"));
    await expect(stage.containers.remove(id, { force: true, release })).rejects.toThrow("no manager answers");
    expect(stage.containers.get(id)).toMatchObject({ run: { state: "exited" }, record: { removing: true } });
    expect((await stage.open()).undo.map(({ record }) => record.id)).toEqual([id]);
    await stage.containers.remove(id);
    expect(stage.containers.list()).toEqual([]);
  });

  test("have the interface that was there before they began, under whichever agent", async () => {
    const { record, netnsPath } = await stage.containers.create({ command: ["sleep", "60"] });
    const options = { mac: "02:42:0a:00:00:02", mtu: 1450, alias: "weft:test", gsoMaxSegments: 44, txQueueLength: 1000 };
    const port = { netnsPath, interface: "eth0", addresses: ["10.0.0.2/24", "fd00::2/64"], ...options };
    const shut = ({ fd, statisticsFd }: OpenPort) => {
      closeFd(fd);
      closeFd(statisticsFd);
    };
    const made = await ensurePort(port);
    try {
      await stage.containers.start(record.id);
    } finally {
      shut(made);
    }
    await stage.open();
    const adopted = await ensurePort(port);
    shut(adopted);
    expect(adopted.adopted).toBe(true);
    const plan = resourceOf(stage.containers.get(record.id)).ExecPrefix;
    const { stdout } = await execute(plan[0], [...plan.slice(1), "ip", "-brief", "address", "show", "eth0", "scope", "global"]);
    expect(stdout).toMatch(/10\.0\.0\.2\/24 fd00::2\/64/);
  });

  test("run other commands inside, which end with them", async () => {
    const { record } = await stage.containers.create({ command: ["sleep", "60"], environment: ["A=b c"], workingDirectory: "/tmp" });
    await stage.containers.start(record.id);
    const plan = resourceOf(stage.containers.get(record.id)).ExecPrefix;
    const inside = async (...words: string[]) => (await execute(plan[0], [...plan.slice(1), ...words])).stdout;
    expect(await inside("sh", "-c", "echo $A $HOSTNAME; pwd; cat /proc/sys/kernel/hostname; ls /sys/class/net; cat /proc/1/comm")).toBe(
      `b c ${record.hostname}\n/tmp\n${record.hostname}\nlo\nweft-shim ${record.name.slice(0, 5)}\n`,
    );
    await expect(inside("nonesuch")).rejects.toMatchObject({ code: 127 });
    await expect(inside("sh", "-c", "exit 9")).rejects.toMatchObject({ code: 9 });
    const quoted = [...plan, "sh", "-c", "test -t 0 && tty"].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    expect(await run(["script", "-qec", quoted, "/dev/null"])).toMatch(/^\/dev\/pts\/\d+/);
    const long = inside("sleep", "61").catch((error) => error);
    await eventually("it runs", async () => (await inside("sh", "-c", "cat /proc/[0-9]*/cmdline")).includes("sleep\0" + "61"));
    stage.containers.signal(record.id, "KILL");
    expect(await long).toMatchObject({ code: expect.toSatisfy((code: unknown) => code !== 0) });
  });

  test("tell their output as it comes, and end with them", async () => {
    const id = await stage.run(["sh", "-c", "echo one; echo two >&2; read line < /dev/null; sleep 0.3; echo three"]);
    const lines = await stage.lines(id, { follow: true });
    expect(lines.map(({ stream, log }) => `${stream} ${log}`).sort()).toEqual(["stderr two\n", "stdout one\n", "stdout three\n"]);
    expect((await stage.lines(id, { tail: 1 })).map(({ log }) => log)).toEqual(["three\n"]);
  });

  test(`${MANY} at once`, async () => {
    const begun = performance.now();
    const ids = await Promise.all(Array.from({ length: MANY }, () => stage.run(["sleep", "60"])));
    const started = performance.now();
    const memory = ids.map((id) => {
      const { run } = stage.containers.get(id);
      const rollup = readFileSync(`/proc/${run.state === "running" ? run.pid : 0}/smaps_rollup`, "utf8");
      return (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(rollup)?.[1]);
    });
    const mean = (key: string) => Math.round(memory.reduce((sum, of) => sum + of(key), 0) / MANY);
    const looked = performance.now();
    await Promise.all(ids.map((id) => stage.containers.remove(id, { force: true })));
    const removed = performance.now();
    console.log(
      `${MANY} containers: made and started in ${Math.round(started - begun)} ms, removed in ${Math.round(removed - looked)} ms; ` +
        `a shim: ${mean("Rss")} KiB resident, ${mean("Pss")} KiB its share, ${mean("Private_Dirty")} KiB its own`,
    );
    expect(new Set(ids).size).toBe(MANY);
    expect(mean("Pss")).toBeLessThan(8 * 1024);
    expect(stage.containers.list()).toEqual([]);
  });
});
