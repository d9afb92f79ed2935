// What an agent that is killed leaves, wherever it is killed, and what the next one makes of it.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { netnsId } from "../../../host/netdev/netns-path.ts";
import { sandboxPath } from "../../../host/sandbox/namespace.ts";
import { run as command } from "../../../lab/command.ts";
import type { Daemon } from "../../../lab/daemon.ts";
import { Lab } from "../../../lab/lab.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { Stage } from "./stage.ts";

const LIFE = fileURLToPath(new URL("./life.ts", import.meta.url));
const NAME = `life${process.pid}`;
const STEPS = {
  forced: [
    "record",
    "namespace",
    "files",
    "shim",
    "starting",
    "started",
    "removing",
    "SIGTERM",
    "release",
    "namespace gone",
    "record gone",
  ],
  ends: ["record", "namespace", "files", "shim", "starting", "started", "discard", "removing", "release", "namespace gone", "record gone"],
};

describeNetns("an agent's sudden end", ["perl", "unshare", "nsenter"], () => {
  let lab: Lab;
  let stage: Stage;
  beforeAll(async () => {
    lab = await Lab.open();
  });
  beforeEach(() => {
    stage = new Stage();
  });
  afterEach(() => stage?.close());
  afterAll(() => lab?.close());

  const live = (scenario: string, killAt = -1, netns?: string): Daemon =>
    lab.spawn([process.execPath, LIFE, stage.directory, NAME, String(killAt), scenario], netns === undefined ? {} : { netns });

  /** Ids of all that was ever begun there. */
  const ids = () => readdirSync(stage.directory).map((name) => name.replace(/^\.(coming|going)-/, ""));
  const shims = () => processes((words) => words.startsWith(`weft-shim ${NAME}`) || words.includes(stage.directory));

  /** Does what an agent does after its start, and expects that nothing is left and nothing is lost. */
  async function heals(): Promise<void> {
    const begun = existsSync(stage.directory) ? ids() : [];
    const { running, ended, undo } = await stage.open();
    const listed = stage.containers.list();
    expect([...running, ...ended, ...undo].length + listed.filter(({ record }) => record.discarded && !record.removing).length).toBe(
      listed.length,
    );
    for (const { record, run } of running) {
      expect(run.state).toBe("running");
      expect(() => netnsId(sandboxPath(record.id))).not.toThrow();
    }
    for (const { record } of undo) await stage.containers.remove(record.id, { force: true });
    for (const { record } of ended) await stage.containers.discard(record.id);
    // Its name is free again, or taken by one that can be removed.
    for (const { record } of stage.containers.list()) await stage.containers.remove(record.id, { force: true });
    await stage.containers.create({ name: NAME, command: ["true"] });
    await stage.containers.remove(stage.containers.get(NAME).record.id);
    expect(readdirSync(stage.directory)).toEqual([]);
    for (const id of begun) expect(existsSync(sandboxPath(id)), "its namespace is gone").toBe(false);
    await eventually("no process is left", () => shims().filter((pid) => pid !== process.pid).length === 0);
    expect(readdirSync(stage.directory)).toEqual([]);
    expect(stage.warnings).toEqual([]);
  }

  test.each(Object.entries(STEPS))("a whole life has these steps: %s", async (scenario, steps) => {
    const agent = live(scenario);
    expect(await agent.exited).toMatchObject({ code: 0 });
    expect(
      agent.stdout
        .trim()
        .split("\n")
        .filter((line) => line !== "released"),
    ).toEqual(steps);
    expect(readdirSync(stage.directory)).toEqual([]);
  });

  // The two lives differ in few.
  const kills = [
    ...STEPS.forced.map((step, number) => [step, "forced", number] as const),
    ...["discard", "release"].map((step) => [step, "ends", STEPS.ends.indexOf(step)] as const),
  ];
  test.each(kills)("before the step %s (%s, %i)", async (step, scenario, number) => {
    const agent = live(scenario, number);
    expect(await agent.exited).toMatchObject({ signal: "SIGKILL" });
    expect(
      agent.stdout
        .trim()
        .split("\n")
        .filter((line) => line !== "released")
        .at(-1),
    ).toBe(step);
    await heals();
  });

  // Between the steps, too: the start takes some 20 ms.
  test.each([0, 7, 14, 21])("%i ms after it began to start a shim", async (milliseconds) => {
    const agent = live("forced");
    await agent.waitFor(/^shim$/m);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await agent.kill();
    await heals();
  });

  test("leaves containers running, with all that they say and do", async () => {
    const agent = live("stays");
    await agent.waitFor(/^alive$/m);
    const [shim] = shims().filter((pid) => pid !== agent.pid);
    process.kill(-agent.pid, "SIGKILL");
    await agent.exited;
    const { running, ended, undo } = await stage.open();
    expect([running.length, ended.length, undo.length]).toEqual([1, 0, 0]);
    const [{ record, run }] = running;
    expect(run).toMatchObject({ state: "running", pid: shim });
    const seen: string[] = [];
    const following = (async () => {
      for await (const { time } of stage.containers.logs(record.id, { follow: true, tail: 0 })) seen.push(time);
    })();
    await eventually("it goes on", () => seen.length >= 3);
    const exits: string[] = [];
    stage.containers.onExit(({ record }) => exits.push(record.id));
    const code = stage.containers.wait(record.id);
    stage.containers.signal(record.id, "TERM");
    expect(await code).toBe(143);
    await following;
    expect(exits).toEqual([record.id]);
    expect((await stage.open()).ended.map(({ record }) => record.id)).toEqual([record.id]);
    await stage.containers.discard(record.id);
    expect((await stage.open()).ended).toEqual([]);
    expect(stage.containers.list()).toHaveLength(1);
  });

  test("in a mount namespace that goes with it loses only a name, which is given back", async () => {
    const agent = live("stays", -1, await lab.namespace("h"));
    await agent.waitFor(/^alive$/m);
    await agent.kill();
    const { running } = await stage.open();
    const [{ record, run, netnsPath }] = running;
    if (run.state !== "running") throw new Error("not running");
    expect(netnsId(netnsPath)).toBe(netnsId(`/proc/${run.pid}/ns/net`));
    await command(["nsenter", `--net=${netnsPath}`, "true"]);
    await stage.containers.remove(record.id, { force: true });
    expect(existsSync(netnsPath)).toBe(false);
  });

  test("of the whole host leaves records of what has exited", async () => {
    await stage.open();
    const { record, directory } = await stage.containers.create({ command: ["true"] });
    writeFileSync(join(directory, "pid"), JSON.stringify({ pid: process.pid, since: 1, boot: "before", at: "2026-01-01T00:00:00Z" }));
    await command(["ip", "netns", "delete", sandboxPath(record.id).split("/").at(-1) as string]);
    const { ended, running } = await stage.open();
    expect(running).toEqual([]);
    expect(ended).toMatchObject([{ record: { id: record.id }, run: { state: "exited", exitCode: 255, error: "the host was restarted" } }]);
    await stage.containers.discard(record.id);
    await stage.containers.remove(record.id);
    expect(stage.containers.list()).toEqual([]);
  });
});

/** Ids of processes whose command line says so. */
function processes(matches: (words: string) => boolean): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return matches(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
      } catch {
        return false;
      }
    });
}
