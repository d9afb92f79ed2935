// With interfaces: test/netns/endpoint/connect.test.ts.

import { afterEach, beforeEach, expect, test } from "vitest";
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
