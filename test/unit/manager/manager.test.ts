import { describe, expect, test } from "vitest";
import { ROLES } from "../../../host/manager/roles.ts";
import type { ManagerOperation } from "../../../host/model/cluster/operations.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { TestCluster } from "./cluster.ts";

describe("roles", () => {
  test.each(Object.entries(ROLES))("%s: %j", async (operation, roles) => {
    const cluster = await TestCluster.make();
    for (const role of ["worker", "manager"] as const) {
      const failure = (await cluster.manager
        .do(cluster.caller("b", role), operation, { nonsense: true })
        .catch((error: Error) => error)) as Error;
      expect(failure).toBeInstanceOf(roles.includes(role) ? UsageError : OperationError);
      const expected = roles.includes(role)
        ? "unknown field nonsense"
        : `${operation} may not be asked by a worker: ask on a node that is a manager`;
      expect(failure.message).toContain(expected);
    }
  });

  test("what workers may not", () => {
    const not = (Object.keys(ROLES) as ManagerOperation[]).filter((operation) => !ROLES[operation].includes("worker"));
    expect(not).toEqual(["node.rm", "node.drain", "token.show"]);
  });
});

test("an operation that is none of a manager's is refused", async () => {
  const cluster = await TestCluster.make();
  await expect(cluster.manager.do(cluster.caller(), "container.run", {})).rejects.toThrow('"container.run" is no operation of a manager');
});

test("the clock is the manager's", async () => {
  const cluster = await TestCluster.make();
  cluster.clock += 1234;
  expect(await cluster.manager.ask(cluster.caller("b"), "cluster.time", {})).toEqual({ unixMilliseconds: cluster.clock });
});

test("a closed manager still does what it is asked", async () => {
  const cluster = await TestCluster.make();
  await cluster.network("blue");
  cluster.manager.close();
  expect((await cluster.endpoint(1)).addresses).toEqual(["10.0.0.2/24"]);
  expect((await cluster.endpoint(2)).addresses).toEqual(["10.0.0.3/24"]);
});
