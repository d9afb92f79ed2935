import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { nodeEndpoints } from "../../../host/model/cluster/keys.ts";
import { nodeId } from "../manager/cluster.ts";
import { expectConsistent } from "../manager/invariants.ts";
import { EndpointWorld } from "./world.ts";

let world: EndpointWorld;
beforeEach(async () => {
  world = await EndpointWorld.make();
  world.follower.start();
  await world.follower.synced();
});
afterEach(() => world.close());

const held = () => world.cluster.contents().endpoints.map(({ id }) => id);

/** An agent's start whose journal has lost these. */
async function startWithout(...ids: string[]): Promise<void> {
  for (const id of ids) world.journal.remove(id);
  await world.follower.close();
  world.start();
  world.endpoints.resume((network, endpoint) => world.view.addLocal(network, endpoint));
  world.follower.start();
  await world.follower.synced();
}

test("what the journal has lost is freed at the start, wherever it is; what it has stays", async () => {
  await world.cluster.network("red");
  const kept = await world.attach("/run/netns/x");
  const followed = await world.attach("/run/netns/y");
  const elsewhere = await world.attach("/run/netns/y", { network: "red", interface: "eth1" });
  await startWithout(followed.id, elsewhere.id);
  await world.strays.free();
  expect(held()).toEqual([kept.id]);
  expectConsistent(world.cluster);
});

test("one whose file was cut short is freed, and told of by what the store knows of it; others are freed silently", async () => {
  const cut = await world.attach("/run/netns/x", { name: "shop" });
  const gone = await world.attach("/run/netns/y", { name: "till" });
  writeFileSync(join(world.directory, `${cut.id}.json`), "");
  world.events.length = 0;
  await startWithout(gone.id);
  await world.strays.free();
  expect(held()).toEqual([]);
  expect(world.events).toEqual([`lost: ${cut.id} of shop`]);
});

test("what appears later in a network that is not followed is found in a round of them, one at a time", async () => {
  for (const name of ["red", "green"]) await world.cluster.network(name);
  const kept = await world.attach();
  await world.strays.free();
  // A manager was slow, and its caller had given up.
  await world.cluster.endpoint(7, { network: "red" }, "b");
  await world.cluster.endpoint(8, { network: "green" }, "c");
  await world.strays.free();
  expect(held()).toHaveLength(3);
  const list = vi.spyOn(world.cluster.store, "list");
  for (let turn = 0; turn < 2; turn++) await world.strays.lookOn();
  expect(held()).toHaveLength(2);
  expect(held()).toContain(kept.id);
  // One list of the networks, and one of its own keys in each that is not followed.
  expect(list).toHaveBeenCalledTimes(3);
  expect(list).not.toHaveBeenCalledWith(nodeEndpoints(kept.network, nodeId("b")), expect.anything());
  expectConsistent(world.cluster);
});

test("after a restore, and after a look that no manager answered, all are looked through again", async () => {
  await world.cluster.network("red");
  await world.strays.free();
  await world.cluster.endpoint(7, { network: "red" }, "b");
  world.strays.lookEverywhere();
  world.nextIsLost = "question";
  await expect(world.strays.free()).rejects.toThrow("no manager answers");
  expect(held()).toHaveLength(1);
  await world.strays.free();
  expect(held()).toEqual([]);
});

test("one that is being attached is nobody's stray", async () => {
  const attaching = world.attach();
  const looking = Array.from({ length: 5 }, () => world.strays.lookOn());
  const { id } = await attaching;
  await Promise.all([...looking, world.strays.free()]);
  expect(held()).toEqual([id]);
});
