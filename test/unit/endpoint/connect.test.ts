// With interfaces: test/netns/endpoint/connect.test.ts.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Connecting } from "../../../host/endpoint/connect.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { EndpointWorld } from "./world.ts";

const GONE = "weft-gone";

let world: EndpointWorld;
let connecting: Connecting;
beforeEach(async () => {
  world = await EndpointWorld.make();
  const get = (name: string) => {
    throw new OperationError(`no such container: ${name}`);
  };
  connecting = new Connecting(world.endpoints, { get });
});
afterEach(() => world.close());

test.each([`netns:${GONE}`, `netns:/run/netns/${GONE}`])("%s, which is gone, is disconnected by force alone", async (target) => {
  world.namespaces.set(`/run/netns/${GONE}`, "3");
  await world.attach(`/run/netns/${GONE}`);
  const [blue, red] = ["blue", "red"].map((network) => ({ network, target, force: true }));
  await expect(connecting.disconnect({ ...blue, force: false })).rejects.toThrow(/is missing/);
  await expect(connecting.disconnect(red)).rejects.toThrow(`${target} is not connected to network red`);
  await connecting.disconnect(blue);
  expect(world.endpoints.all).toEqual([]);
});

test("a container that is gone is nothing that could be disconnected, by force neither", async () => {
  await expect(connecting.disconnect({ network: "blue", target: "box", force: true })).rejects.toThrow("no such container: box");
  await expect(connecting.disconnect({ network: "blue", target: "netns:", force: true })).rejects.toThrow(/give the namespace's path/);
});

describe("the network to disconnect from", () => {
  const netns = `/run/netns/${GONE}`;
  const target = `netns:${netns}`;
  beforeEach(() => world.namespaces.set(netns, "3"));

  test("is meant by the beginning of its id", async () => {
    const { network } = await world.attach(netns);
    await connecting.disconnect({ network: network.slice(0, 4), target, force: true });
    expect(world.endpoints.all).toEqual([]);
  });

  test("is not meant by a beginning that two ids have", async () => {
    // More than there are letters that an id can begin with.
    const ids: string[] = [];
    for (let number = 0; number <= 36; number++) ids.push(await world.cluster.network(`n${number}`));
    const two = ids.map((id) => ids.filter((other) => other[0] === id[0])).find(({ length }) => length > 1) as string[];
    for (const [number, network] of two.entries()) await world.attach(netns, { network, interface: `eth${number}` });
    await expect(connecting.disconnect({ network: two[0][0], target, force: true })).rejects.toThrow(
      `network ${two[0][0]} is ambiguous: ${two.length} ids begin so`,
    );
    await connecting.disconnect({ network: two[0], target, force: true });
    expect(world.endpoints.all.map(({ network }) => network)).toEqual(two.slice(1));
  });

  test("is told where it is another", async () => {
    await world.cluster.network("red");
    await world.attach(netns);
    await world.attach(netns, { network: "red", interface: "eth1" });
    await expect(connecting.disconnect({ network: "bleu", target, force: true })).rejects.toThrow(
      /netns:\S+ is not connected to network bleu, but to (blue, red|red, blue)$/,
    );
  });
});
