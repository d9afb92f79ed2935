import { describe, expect, test } from "vitest";
import { spawnInPlace } from "../../../host/cli/spawn.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { eventually } from "../../../lab/wait.ts";

describe("spawnInPlace", () => {
  test.each([
    ["exit 0", 0],
    ["exit 42", 42],
    ["kill -KILL $$", 137],
    ["kill -TERM $$", 143],
  ])("sh -c '%s' is %d", async (script, code) => {
    expect(await spawnInPlace(["sh", "-c", script])).toBe(code);
  });

  test("what cannot be started is one line", async () => {
    const started = spawnInPlace(["/nowhere/program"]);
    await expect(started).rejects.toBeInstanceOf(OperationError);
    await expect(started).rejects.toThrow("/nowhere/program cannot be started: there is no such program on this host");
  });

  test("Ctrl-C is the program's to heed, SIGTERM is passed on, and afterwards both are as before", async () => {
    const before = process.listenerCount("SIGTERM");
    const running = spawnInPlace(["sh", "-c", "while :; do sleep 0.05; done"]);
    await eventually("the signals to be taken", () => process.listenerCount("SIGTERM") === before + 1);
    process.emit("SIGINT");
    process.emit("SIGTERM");
    expect(await running).toBe(143);
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});
