import { EventEmitter } from "node:events";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { NoAgentError } from "../../../host/api/client.ts";
import { forEachName, makeContext, report, write } from "../../../host/cli/context.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { nothingAround, outputs } from "./weft.ts";

function context() {
  const { said, stdout, stderr } = outputs();
  return { said, context: makeContext({ ...nothingAround(), stdout, stderr }, null) };
}

describe("several names", () => {
  test("all are tried, each failure is a line, and the worst is the exit code", async () => {
    const { said, context: here } = context();
    const tried: string[] = [];
    await forEachName(here, ["a", "b", "c"], async (name) => {
      tried.push(name);
      if (name === "a") throw new OperationError("not found");
      if (name === "b") throw new UsageError("b is no name");
    });
    expect([tried, said.err, here.exitCode]).toEqual([["a", "b", "c"], "a: not found\nb is no name\n", 2]);
  });

  test("without an agent, one line says so", async () => {
    const { said, context: here } = context();
    const tried: string[] = [];
    const all = forEachName(here, ["a", "b"], async (name) => {
      tried.push(name);
      throw new NoAgentError("cannot reach the agent");
    });
    await expect(all).rejects.toThrow("cannot reach the agent");
    expect([tried, said.err]).toEqual([["a"], ""]);
  });

  test("a bug is not one of them", async () => {
    const { context: here } = context();
    await expect(forEachName(here, ["a"], () => Promise.reject(new TypeError("x")))).rejects.toThrow(TypeError);
  });

  test("a report", () => {
    const { said, context: here } = context();
    report(here, ["a", "b"], []);
    expect([said.out, said.err, here.exitCode]).toEqual(["a\nb\n", "", 0]);
    report(here, [], [{ name: "c", message: "container c runs" }]);
    expect([said.err, here.exitCode]).toEqual(["container c runs\n", 1]);
  });
});

test("a reader that is behind is waited for", async () => {
  const events = new EventEmitter();
  let behind = true;
  const output = { write: () => !behind, once: events.once.bind(events) };
  const writing = write(output, "x");
  expect(await Promise.race([writing.then(() => "written"), Promise.resolve("waiting")])).toBe("waiting");
  events.emit("drain");
  await writing;
  behind = false;
  await write(output, "y");
});

test("the agent is the one that --host names, or WEFT_HOST, or the usual one", () => {
  const { context: here } = context();
  expect(() => here.client(new Command())).not.toThrow();
  const other = makeContext({ ...nothingAround(), env: { WEFT_HOST: "tcp://x" } }, null);
  expect(() => other.client(new Command())).toThrow('"tcp://x" is not an address of an agent');
});
