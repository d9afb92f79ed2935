import { beforeEach, describe, expect, test } from "vitest";
import type { Manager } from "../../../host/manager/manager.ts";
import { NETWORK_REMOVALS, ROOT } from "../../../host/model/cluster/keys.ts";
import { endpointId, TestCluster } from "./cluster.ts";
import { expectConsistent } from "./invariants.ts";

let cluster: TestCluster;
let blue: string;

const rm = (names: string[], force = false, manager: Manager = cluster.manager) =>
  manager.ask(cluster.caller(), "network.rm", { names, force });
const prune = (filters: Record<string, string[]> = {}) => cluster.manager.ask(cluster.caller(), "network.prune", { filters });
const kinds = () => new Set(cluster.store.peek(`${ROOT}network`).map(({ key }) => key.slice(ROOT.length).split("/")[0]));

beforeEach(async () => {
  cluster = await TestCluster.make();
  blue = await cluster.network("blue");
});

describe("rm", () => {
  test("takes names, ids and beginnings of ids; what cannot be done is told, the rest is done", async () => {
    const red = await cluster.network("red");
    await cluster.network("green");
    const { removed, refused } = await rm(["blue", "none", red.slice(0, 8)]);
    expect(removed).toEqual(["blue", red.slice(0, 8)]);
    expect(refused).toEqual([{ name: "none", message: "network none not found" }]);
    expect((await cluster.manager.ask(cluster.caller(), "network.ls", {})).map(({ Name }) => Name)).toEqual(["green"]);
  });

  test("leaves nothing behind, resting addresses neither", async () => {
    await cluster.endpoint(1);
    await cluster.remove(1);
    await rm(["blue"]);
    expect(kinds()).toEqual(new Set());
    expect(cluster.contents()).toEqual({ endpoints: [], addresses: [], macs: [] });
  });

  test("one in use is refused with who holds it and where, whole", async () => {
    for (let number = 1; number <= 6; number++)
      await cluster.endpoint(number, { name: number === 2 ? "" : `c${number}` }, number % 2 ? "b" : "c");
    const { refused } = await rm(["blue"]);
    const message = refused[0].message;
    expect(message).toMatch(/^network blue has active endpoints: .* and 1 more$/);
    for (const part of ["c1 on node b", "000000000000 on node c", "c3 on node b"]) expect(message).toContain(part);
    expect(cluster.contents().endpoints).toHaveLength(6);
    expect(cluster.store.peek(NETWORK_REMOVALS)).toEqual([]);
    expect((await cluster.endpoint(7)).network).toBe(blue);
  });

  test("--force takes along endpoints of nodes that are down, and no others", async () => {
    await cluster.endpoint(1, {}, "b");
    await cluster.endpoint(2, {}, "c");
    await cluster.die("b");
    expect((await rm(["blue"], true)).refused).toEqual([{ name: "blue", message: "network blue has active endpoints: c2 on node c" }]);
    await cluster.die("c");
    expect((await rm(["blue"])).refused[0].message).toContain("c1 on node b (down), c2 on node c (down); --force removes them with it");
    expect((await rm(["blue"], true)).removed).toEqual(["blue"]);
    expect(cluster.contents()).toEqual({ endpoints: [], addresses: [], macs: [] });
  });

  test("an endpoint made at the same time is made, or not; never without its network", async () => {
    const outcomes = new Set<string>();
    const turnsPass = async (turns: number) => {
      for (let turn = turns; turn > 0; turn--) await Promise.resolve();
    };
    for (let round = 0; round < 60; round++) {
      const turns = Array.from({ length: 40 }, () => cluster.random.below(3));
      cluster.store.pause = () => turnsPass(turns.pop() ?? 0);
      const later = cluster.random.below(16);
      const [made, gone] = await Promise.all([
        turnsPass(later)
          .then(() => cluster.endpoint(round))
          .then(
            () => true,
            () => false,
          ),
        rm(["blue"], false, cluster.newManager()).then(({ removed }) => removed.length === 1),
      ]);
      expect(made).toBe(!gone);
      expect(cluster.contents().endpoints).toHaveLength(made ? 1 : 0);
      outcomes.add(made ? "made" : "removed");
      cluster.store.pause = async () => undefined;
      if (made) await cluster.remove(round);
      else await cluster.network("blue");
      expectConsistent(cluster);
    }
    expect(outcomes.size).toBe(2);
  });

  test("is begun anew when its mark had ended before it was done", async () => {
    cluster.store.interlude(1, async () => {
      cluster.clock += 11_000;
      await cluster.endpoint(1);
    });
    expect((await rm(["blue"])).refused[0].message).toContain("has active endpoints: c1 on node a");
    expectConsistent(cluster);
  });

  test("--force is content where there is no network", async () => {
    expect(await rm(["nope", "blue"], true)).toEqual({ removed: ["blue"], refused: [] });
    expect(await rm(["nope"])).toEqual({ removed: [], refused: [{ name: "nope", message: "network nope not found" }] });
  });

  test("--force leaves the endpoints of a node that comes back", async () => {
    await cluster.endpoint(1, {}, "b");
    await cluster.die("b");
    cluster.store.interlude(1, () => cluster.live("b"));
    expect((await rm(["blue"], true)).refused[0].message).toContain("has active endpoints: c1 on node b");
    expect(cluster.contents().endpoints).toHaveLength(1);
  });

  test("a mark that was left ends by itself", async () => {
    const { id } = await cluster.store.grantLease(10);
    await cluster.store.commit([], [{ put: `${NETWORK_REMOVALS}${blue}`, value: "", lease: id }]);
    await expect(cluster.endpoint(1)).rejects.toThrow("is being removed");
    cluster.clock += 11_000;
    expect((await cluster.endpoint(1)).id).toBe(endpointId(1));
  });
});

describe("prune", () => {
  test("removes what nothing uses, and answers the names", async () => {
    await cluster.network("red");
    await cluster.endpoint(1);
    expect(await prune()).toEqual({ NetworksDeleted: ["red"] });
    expect((await prune()).NetworksDeleted).toEqual([]);
  });

  test("by label and age", async () => {
    cluster.clock += 7_200_000;
    await cluster.network("red", { Labels: { tier: "web", keep: "" } });
    await cluster.network("green", { Labels: { tier: "web" } });
    cluster.clock += 60_000;
    expect(await prune({ until: ["1h"] })).toEqual({ NetworksDeleted: ["blue"] });
    expect(await prune({ label: ["tier=db"] })).toEqual({ NetworksDeleted: [] });
    expect(await prune({ label: ["tier=web"], "label!": ["keep"] })).toEqual({ NetworksDeleted: ["green"] });
    await expect(prune({ name: ["red"] })).rejects.toThrow("invalid filter 'name'");
  });
});
