import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ENDPOINTS, networkKey, RESTORING_KEY } from "../../../host/model/cluster/keys.ts";
import { RESTORING_SECONDS } from "../../../host/model/cluster/records.ts";
import { expectConsistent } from "../manager/invariants.ts";
import { EndpointWorld } from "./world.ts";

let world: EndpointWorld;
beforeEach(async () => {
  world = await EndpointWorld.make();
});
afterEach(() => world.close());

const addresses = () => world.cluster.contents().addresses.filter(({ endpoint }) => endpoint !== null);

test("attached: an address, an entry in the journal, an interface; detached: none of them", async () => {
  const { id, record } = await world.attach();
  expect(record?.addresses).toEqual(["10.0.0.2/24"]);
  expect(world.ports()).toEqual(["/run/netns/x/eth0"]);
  expect(world.endpoints.all.map((entry) => entry.id)).toEqual([id]);
  expect(addresses()).toHaveLength(1);
  await world.endpoints.detach(id);
  expect(world.ports()).toEqual([]);
  expect(world.journal.entries).toEqual([]);
  expect(addresses()).toEqual([]);
  expect(world.events).toEqual(["attached", "detached"]);
});

test("all of a container's are gone once asked for, also when it is leaving already; nobody else's", async () => {
  const container = "c".repeat(64);
  const ending = await world.attach("/run/netns/x", { container });
  const { id } = await world.attach("/run/netns/y");
  const first = [world.endpoints.detach(ending.id), world.endpoints.detachAllOf(container)];
  // The one who comes second finds it leaving, and is not to go on as if it had left.
  await world.endpoints.detachAllOf(container);
  expect(addresses().map(({ endpoint }) => endpoint)).toEqual([id]);
  await Promise.all(first);
  expect(world.journal.entries.map((entry) => entry.id)).toEqual([id]);
});

test("what could not be freed when a container ended is freed when it is removed, also while it is being settled", async () => {
  const container = "c".repeat(64);
  for (const settled of [false, true]) {
    const { id } = await world.attach("/run/netns/x", { container });
    world.nextIsLost = "question";
    await world.endpoints.detach(id);
    expect(addresses()).toHaveLength(1);
    const settling = settled ? world.endpoints.settle() : null;
    await world.endpoints.detachAllOf(container);
    expect(addresses()).toEqual([]);
    await settling;
    expect(world.journal.entries).toEqual([]);
  }
});

test("removed while it is attached: either is refused in time, or is detached with the others", async () => {
  const [early, late] = ["e".repeat(64), "f".repeat(64)];
  const attached = world.attach("/run/netns/x", { container: early });
  const refused = world.attach("/run/netns/y", { container: late });
  const refusal = expect(refused).rejects.toThrow("is being removed");
  // It has its record's mark before what it holds is given back.
  world.going.add(late);
  await world.endpoints.detachAllOf(late);
  await refusal;
  while (world.journal.entries.length === 0) await new Promise(setImmediate);
  world.going.add(early);
  await world.endpoints.detachAll();
  await attached;
  expect(world.journal.entries).toEqual([]);
  expect(world.ports()).toEqual([]);
  expect(addresses()).toEqual([]);
});

test("a refusal leaves nothing", async () => {
  await expect(world.attach("/run/netns/x", { ips: ["192.0.2.1"] })).rejects.toThrow("192.0.2.1");
  await expect(world.attach("/run/netns/x", { network: "red" })).rejects.toThrow("red");
  await expect(world.attach("/run/netns/none")).rejects.toThrow("/run/netns/none: no network namespace");
  expect(world.journal.entries).toEqual([]);
  expect(world.ports()).toEqual([]);
  expect(addresses()).toEqual([]);
});

test("a network by name, by id, or by the beginning of an id that is nobody else's; its endpoints are not read for it", async () => {
  const { network } = await world.attach();
  const list = vi.spyOn(world.cluster.store, "list");
  for (const reference of [network, network.slice(0, 8)]) {
    const entry = await world.attach("/run/netns/y", { network: reference });
    expect(entry.network).toBe(network);
    await world.endpoints.detach(entry.id);
  }
  expect(list.mock.calls.map(([prefix]) => prefix).filter((prefix) => prefix.startsWith(ENDPOINTS))).toEqual([]);
  const twin = {
    ...(JSON.parse((await world.cluster.store.get(networkKey(network)))?.value ?? "") as object),
    id: `${network.slice(0, 8)}-other`,
  };
  await world.cluster.store.commit([], [{ put: networkKey(twin.id), value: JSON.stringify(twin) }]);
  await expect(world.attach("/run/netns/y", { network: network.slice(0, 8) })).rejects.toThrow("is ambiguous: 2 ids begin so");
});

test("a namespace has one interface in a network, also when two are asked for at once; with the first gone it may have another", async () => {
  const both = await Promise.allSettled([world.attach("/run/netns/x"), world.attach("/run/netns/x", { interface: "eth1" })]);
  expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  await expect(world.attach("/run/netns/x", { interface: "eth1", container: "c".repeat(64), name: "shop" })).rejects.toThrow(
    "shop is in network blue already, by eth0",
  );
  expect(addresses()).toHaveLength(1);
  await world.endpoints.detach(world.endpoints.all[0].id);
  expect((await world.attach("/run/netns/x")).record?.addresses).toHaveLength(1);
});

test("an interface that cannot be made gives its address back, and says why", async () => {
  world.obstacles.set("/run/netns/x/eth0", "interface eth0 exists and is not weft's");
  await expect(world.attach()).rejects.toThrow("interface eth0 exists and is not weft's");
  expect(world.journal.entries).toEqual([]);
  expect(world.ports()).toEqual([]);
  expect(addresses()).toEqual([]);
});

test.each(["question", "answer"] as const)("when the %s to a manager is lost, the address is given back once one answers", async (what) => {
  await world.attach("/run/netns/y");
  // The network is asked for first.
  const inspecting = world.cluster.store.get.bind(world.cluster.store);
  world.cluster.store.get = (key) => {
    world.nextIsLost = what;
    world.cluster.store.get = inspecting;
    return inspecting(key);
  };
  await expect(world.attach()).rejects.toThrow("no manager answers");
  expect(world.ports()).toEqual(["/run/netns/y/eth0"]);
  expect(world.journal.entries.map(({ state }) => state).sort()).toEqual(["held", "leaving"]);
  await world.endpoints.settle();
  expect(world.journal.entries.map(({ state }) => state)).toEqual(["held"]);
  expect(addresses()).toHaveLength(1);
  expectConsistent(world.cluster);
});

test("without a manager the interface goes, and the address when one answers again", async () => {
  const { id } = await world.attach();
  world.nextIsLost = "question";
  await world.endpoints.detach(id);
  expect(world.ports()).toEqual([]);
  expect(addresses()).toHaveLength(1);
  await world.endpoints.settle();
  expect(addresses()).toEqual([]);
  expect(world.journal.entries).toEqual([]);
});

test("the next agent holds what this one held, and gives back what it only asked for", async () => {
  const { id } = await world.attach();
  const held = world.journal.get(id);
  if (!held) throw new Error("not in the journal");
  world.journal.write({ ...held, id: "ab".repeat(32), state: "asked", record: null, networkRecord: null });
  await world.follower.close();
  world.start();
  expect(world.endpoints.all.map((entry) => entry.id)).toEqual([id]);
  await world.endpoints.settle();
  expect(world.journal.entries.map((entry) => entry.id)).toEqual([id]);
  expect(addresses()).toHaveLength(1);
});

test("an endpoint whose namespace is gone, or is another by now, is let go", async () => {
  await world.attach("/run/netns/x");
  await world.attach("/run/netns/y");
  world.namespaces.delete("/run/netns/x");
  world.namespaces.set("/run/netns/y", "99");
  await world.endpoints.settle();
  expect(world.endpoints.all).toEqual([]);
  expect(addresses()).toEqual([]);
  expect(world.events.filter((event) => event.startsWith("lost"))).toHaveLength(2);
});

test("what is being attached is not taken for something left over", async () => {
  const attaching = world.attach();
  await Promise.all([world.endpoints.settle(), attaching, world.endpoints.settle()]);
  expect(world.endpoints.all).toHaveLength(1);
  expectConsistent(world.cluster);
});

test("an agent that is ending frees no address whose interface it leaves, and holds nothing new: the next one does", async () => {
  const { id } = await world.attach();
  const ended = world.follower.close();
  await expect(world.endpoints.detach(id)).rejects.toThrow("the agent is ending");
  await expect(world.attach("/run/netns/y")).rejects.toThrow("the agent is ending");
  await ended;
  expect(addresses()).toHaveLength(2);
  expect(world.journal.entries.map(({ state }) => state)).toEqual(["leaving", "leaving"]);
  world.start();
  await world.endpoints.settle();
  expect(world.journal.entries).toEqual([]);
  expect(addresses()).toEqual([]);
});

test("what became attached while others were being settled is left alone", async () => {
  await world.attach("/run/netns/x");
  world.namespaces.delete("/run/netns/x");
  const attaching = world.attach("/run/netns/y");
  // Its question to a manager is answered while the other, which is settled before it, is being detached.
  const commit = world.cluster.store.commit.bind(world.cluster.store);
  world.cluster.store.commit = async (...given) => {
    world.cluster.store.commit = commit;
    const answer = await commit(...given);
    settling = world.endpoints.settle();
    return answer;
  };
  let settling: Promise<void> | undefined;
  const { id } = await attaching;
  await settling;
  expect(world.endpoints.all.map((entry) => entry.id)).toEqual([id]);
  expect(addresses()).toMatchObject([{ endpoint: id }]);
  expectConsistent(world.cluster);
});

test("one that cannot be let go is told of, and keeps no other from it", async () => {
  const [{ id }] = [await world.attach("/run/netns/x"), await world.attach("/run/netns/y")];
  world.namespaces.clear();
  mkdirSync(join(world.directory, `${id}.json.new`));
  await world.endpoints.settle();
  expect(world.endpoints.all.map((entry) => entry.id)).toEqual([id]);
  expect(world.events).toContainEqual(expect.stringMatching(/^pending: .*directory/));
  rmdirSync(join(world.directory, `${id}.json.new`));
  await world.endpoints.settle();
  expect(world.journal.entries).toEqual([]);
});

test("detached while it is being put back, it is gone, and stays so", async () => {
  const { id } = await world.attach();
  await world.cluster.manager.ask(world.cluster.caller("b"), "endpoint.remove", { id, network: "blue" });
  const { commit } = world.cluster.store;
  const late = Promise.withResolvers<void>();
  world.cluster.store.commit = async (...given) => {
    world.cluster.store.commit = commit;
    await late.promise;
    return commit.call(world.cluster.store, ...given);
  };
  const restoring = world.endpoints.restore(id);
  const detaching = world.endpoints.detach(id);
  // Time enough for whoever does not wait for it.
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  late.resolve();
  await Promise.all([restoring, detaching]);
  expect(world.endpoints.all).toEqual([]);
  expect(world.ports()).toEqual([]);
  expect(addresses()).toEqual([]);
});

test("an endpoint that the store has lost is put back as it was", async () => {
  const { id, record } = await world.attach();
  await world.cluster.manager.ask(world.cluster.caller("b"), "endpoint.remove", { id, network: "blue" });
  expect(addresses()).toEqual([]);
  await world.endpoints.restore(id);
  expect(addresses()).toMatchObject([{ ip: "10.0.0.2", endpoint: id }]);
  expect(world.endpoints.all[0].record?.mac).toBe(record?.mac);
  expect(world.events).toContain("restored");
});

test("and given up when its address is another's by now", async () => {
  const { id, record } = await world.attach();
  await world.cluster.manager.ask(world.cluster.caller("b"), "endpoint.remove", { id, network: "blue" });
  const mac = record?.mac;
  await world.cluster.endpoint(7, { ips: ["10.0.0.2"], ...(mac === undefined ? {} : { mac }) }, "c");
  await world.endpoints.restore(id);
  expect(world.endpoints.all).toEqual([]);
  expect(world.ports()).toEqual([]);
  expectConsistent(world.cluster);
});

test("but not just after a restore: the other may be its own former self, which is let go", async () => {
  const { id, record } = await world.attach();
  const { manager, store } = world.cluster;
  await manager.ask(world.cluster.caller("b"), "endpoint.remove", { id, network: "blue" });
  await world.cluster.endpoint(7, { ips: ["10.0.0.2"], ...(record ? { mac: record.mac } : {}) }, "c");
  const { id: lease } = await store.grantLease(RESTORING_SECONDS);
  await store.commit([], [{ put: RESTORING_KEY, value: "", lease }]);
  await world.endpoints.restore(id);
  expect(world.endpoints.all).toHaveLength(1);
  await world.cluster.remove(7, "c");
  await world.endpoints.restore(id);
  expect(addresses()).toMatchObject([{ ip: "10.0.0.2", endpoint: id }]);
  expectConsistent(world.cluster);
});
