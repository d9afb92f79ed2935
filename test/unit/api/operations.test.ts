import { describe, expect, test } from "vitest";
import { NO_CLUSTER, type Operations, operationOf, perform, statusOf } from "../../../host/api/operations.ts";
import { StoreError, type StoreFailure } from "../../../host/model/cluster/store.ts";
import { OperationError, StartError, UsageError } from "../../../host/model/errors.ts";

const { signal } = new AbortController();
const answering = (act: (name: string, input: unknown) => unknown): Operations => ({
  do: async (name, input) => act(name, input),
  logs: () => {
    throw new Error("not asked for");
  },
});

describe("which operation a path asks for", () => {
  test.each([
    ["/v1/network.create", "network.create"],
    ["/v1/peer.ls", "peer.ls"],
    ["/v1/network.crate", null],
    ["/v1/constructor", null],
    ["/v2/network.create", null],
    ["/v1/network.create/", null],
    ["network.create", null],
  ])("%s", (path, name) => {
    expect(operationOf(path)).toBe(name);
  });
});

describe("perform", () => {
  test("gives the checked input, with its defaults, and passes the answer on", async () => {
    let given: unknown;
    const operations = answering((name, input) => {
      given = { name, input };
      return { removed: ["a"], refused: [] };
    });
    expect(await perform(operations, "network.rm", '{"names":["a"]}', signal)).toEqual({
      status: 200,
      body: { removed: ["a"], refused: [] },
    });
    expect(given).toEqual({ name: "network.rm", input: { names: ["a"], force: false } });
  });

  test("a command that cannot be run comes with its exit code", async () => {
    const failing = answering(() => {
      throw new StartError("container c: exec x: not found in $PATH", 127);
    });
    const answer = await perform(failing, "container.run", '{"networks":["blue"],"command":["x"]}', signal);
    expect(answer).toEqual({ status: 409, body: { message: "container c: exec x: not found in $PATH", exitCode: 127 } });
  });

  test("nothing to say is an empty object", async () => {
    expect(
      await perform(
        answering(() => undefined),
        "cluster.leave",
        "{}",
        signal,
      ),
    ).toEqual({ status: 200, body: {} });
  });

  test.each([
    ["", "network.rm: the request's body is not JSON"],
    ["{", "network.rm: the request's body is not JSON"],
    ['{"names":"a"}', "network.rm: names: expected array, not string"],
  ])("the body %j is refused before anybody is asked", async (body, message) => {
    const nobody = answering(() => {
      throw new Error("asked");
    });
    expect(await perform(nobody, "network.rm", body, signal)).toEqual({ status: 400, body: { message } });
  });

  test("an agent without a cluster says so, for what would be right", async () => {
    expect(await perform(null, "network.ls", "{}", signal)).toEqual({ status: 409, body: { message: NO_CLUSTER } });
    expect(await perform(null, "network.ls", "[]", signal)).toMatchObject({ status: 400 });
  });

  test.each([
    [new UsageError("no such flag"), 400],
    [new OperationError("name taken"), 409],
    [new StoreError("unavailable", "no manager answers"), 503],
    [new StoreError("denied", "not yours"), 403],
    [new StoreError("unauthenticated", "expired"), 403],
    [new StoreError("exhausted", "too large"), 500],
    [new TypeError("x is not a function"), 500],
  ])("%s is %d", async (error, status) => {
    const failing = answering(() => {
      throw error;
    });
    expect(await perform(failing, "network.ls", "{}", signal)).toEqual({ status, body: { message: error.message } });
  });

  test("every failure of the store has a status", () => {
    const failures: StoreFailure[] = [
      "unavailable",
      "denied",
      "unauthenticated",
      "compacted",
      "not-found",
      "exhausted",
      "invalid",
      "internal",
    ];
    for (const failure of failures) expect(statusOf(new StoreError(failure, ""))).toBeGreaterThanOrEqual(400);
  });
});
