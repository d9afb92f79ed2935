import { cpus } from "node:os";
import { expect, test } from "vitest";
import { describeMachine } from "../../../host/measure/machine.ts";
import { VERSION } from "../../../host/model/version.ts";
import { attempt, run } from "../../../lab/command.ts";
import { root } from "../../../scripts/sources.ts";
import { describeNetns } from "../needs.ts";
import { go } from "./wire.ts";

describeNetns("this machine", ["iperf3"], () => {
  test("is described as its own tools describe it", async () => {
    const machine = await describeMachine(go());
    expect(machine).toMatchObject({ cpus: cpus().length, kernel: (await run(["uname", "-r"])).trim(), weft: VERSION });
    expect((await run(["iperf3", "--version"])).split(" ")[1]).toBe(machine.iperf3);
    const git = await attempt(["git", "-C", root, "rev-parse", "--short", "HEAD"]);
    expect(machine.commit?.replace("+", "") ?? null).toBe(git.code === 0 ? git.stdout.trim() : null);
    expect(machine.load).toBeGreaterThanOrEqual(0);
    expect(machine.cpu).not.toBe("");
  });
});
