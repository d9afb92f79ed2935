import { beforeEach, describe, expect, test } from "vitest";
import { spaceOf } from "../../../host/ipam/space.ts";
import { AddressView } from "../../../host/manager/address-view.ts";
import { addressKey } from "../../../host/model/cluster/keys.ts";
import type { Watch, Watcher } from "../../../host/model/cluster/store.ts";
import { TestCluster } from "./cluster.ts";
import type { TestStore } from "./test-store.ts";

const space = spaceOf({ subnet: "10.0.0.0/29", gateway: "10.0.0.1", ipRange: null, auxAddresses: {} });
const owned = JSON.stringify({ endpoint: "e", node: "n" });

let store: TestStore;
let view: AddressView;
let watcher: Watcher;

const put = (ip: string) => store.commit([], [{ put: addressKey("n", ip), value: owned }]);
const choose = async (distrusted = false) => view.choose("n", space, await view.of("n", distrusted));

beforeEach(async () => {
  store = (await TestCluster.make()).store;
  const watch = store.watch.bind(store);
  store.watch = (prefix: string, given: Watcher): Watch => {
    watcher = given;
    return watch(prefix, given);
  };
  view = new AddressView(store);
});

describe("the picture", () => {
  test("tells how many endpoints each node has, unless it may be old", async () => {
    await put("10.0.0.2");
    await put("10.0.0.3");
    await store.commit([], [{ put: addressKey("m", "10.0.1.2"), value: owned }]);
    await store.commit([], [{ put: addressKey("n", "10.0.0.4"), value: JSON.stringify({ endpoint: null, node: null }) }]);
    await store.settled();
    expect(view.endpointsByNode()).toEqual(new Map([["n", 3]]));
    watcher.onConnection?.(false, "gone");
    expect(view.endpointsByNode()).toBe(null);
  });

  test("is read until there is one, and then no more", async () => {
    await put("10.0.0.2");
    store.watch = () => ({ close: () => undefined });
    const deaf = new AddressView(store);
    expect(deaf.choose("n", space, await deaf.of("n"))).toBe("10.0.0.3");
    await store.settled();
    store.list = () => Promise.reject(new Error("read"));
    expect(await choose()).toBe("10.0.0.3");
    await store.commit([], [{ delete: addressKey("n", "10.0.0.2") }]);
    await put("10.0.0.4");
    await store.settled();
    expect([await choose(), await choose(), await choose(), await choose()]).toEqual(["10.0.0.5", "10.0.0.6", "10.0.0.2", null]);
    await expect(choose(true)).rejects.toThrow("read");
  });

  test("is not believed while nothing is heard", async () => {
    await store.settled();
    watcher.onConnection?.(false, "cut");
    let lists = 0;
    const list = store.list.bind(store);
    store.list = (...given) => {
      lists++;
      return list(...given);
    };
    await choose();
    expect(lists).toBe(1);
    watcher.onConnection?.(true, "");
    await choose();
    expect(lists).toBe(1);
  });

  test("of several networks is kept apart, and forgotten with them", async () => {
    await store.commit([], [{ put: addressKey("m", "10.0.0.2"), value: owned }]);
    await store.settled();
    expect(view.choose("m", space, await view.of("m"))).toBe("10.0.0.3");
    expect(await choose()).toBe("10.0.0.2");
    view.settle("m", "10.0.0.3", null);
    view.forget("m");
    await store.commit([], [{ delete: addressKey("m", "10.0.0.2") }]);
    await store.settled();
    expect(view.choose("m", space, await view.of("m"))).toBe("10.0.0.2");
  });

  test("of another store replaces that of the old one", async () => {
    await put("10.0.0.2");
    await store.settled();
    expect(await choose()).toBe("10.0.0.3");
    view.settle("n", "10.0.0.3", 1_000_000);
    await watcher.onSnapshot({ revision: 1, entries: [] });
    expect(await choose()).toBe("10.0.0.2");
    expect(await choose()).toBe("10.0.0.3");
  });
});

describe("what was chosen", () => {
  test("is not chosen again while its transaction is under way, nor until the picture shows it", async () => {
    await store.settled();
    const first = (await choose()) as string;
    expect(first).toBe("10.0.0.2");
    const { revision } = await store.commit([], [{ put: addressKey("n", first), value: owned }]);
    view.settle("n", first, revision);
    const rest = [await choose(), await choose(), await choose(), await choose(), await choose()];
    expect(rest).toEqual(["10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", null]);
    await store.settled();
    expect((await view.of("n")).size).toBe(1);
    await store.commit([], [{ delete: addressKey("n", first) }]);
    await store.settled();
    expect(await choose()).toBe(first);
  });

  test("can be had again when nothing came of it", async () => {
    await store.settled();
    for (let round = 0; round < 12; round++) {
      const ip = (await choose()) as string;
      expect(ip).toBe(`10.0.0.${2 + (round % 5)}`);
      view.settle("n", ip, round % 2 ? null : store.revision);
      await put("10.9.9.9");
      await store.settled();
    }
  });
});
