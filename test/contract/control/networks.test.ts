import { afterEach, describe, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { readFlood } from "../../../host/core/flood.ts";
import { addressEntries, fdbEntries } from "../../../host/core/read.ts";
import type { NetworkConfig } from "../../../host/model/config.ts";
import { formatIp } from "../../../host/model/ip.ts";
import { parseMac } from "../../../host/model/mac.ts";
import { LoopbackPlane, networkConfig, OWN } from "./plane.ts";

const MAC = "02:42:0a:00:00:02";

describe("networks", () => {
  let open: LoopbackPlane | undefined;
  afterEach(async () => {
    await open?.close();
    open = undefined;
  });
  const write = async (networks: Partial<NetworkConfig>[], change = {}) => {
    open = await LoopbackPlane.open(networks.map(networkConfig), change);
    const { plane, config, forwarding } = open;
    return { plane, config, vteps: forwarding.vteps, networks: forwarding.networks.all };
  };
  const row = (index: number) => {
    const words = open?.plane.entries.network(index) as Int32Array;
    return (offset: number) => words[offset / 4];
  };
  const indexOfVni = (vni: number) => {
    const { buffer } = (open as LoopbackPlane).plane.memory;
    return new Uint16Array(buffer, new Uint32Array(buffer, abi.HEADER)[abi.H_VNI / 4], abi.VNI_MAX + 1)[vni];
  };

  test("are written as configured, from index 1 in the file's order", async () => {
    const { networks } = await write([
      { name: "blue", vni: 42, mtu: null, tos: "inherit", ttl: "inherit", ageingSeconds: 300 },
      { name: "red", vni: abi.VNI_MAX, mtu: 1400, tos: 0xb8, ttl: 32, ageingSeconds: 10 },
    ]);
    expect(networks.map(({ index, mtu, name }) => [index, mtu, name])).toEqual([
      [1, 1450, "blue"],
      [2, 1400, "red"],
    ]);
    const [blue, red] = [row(1), row(2)];
    expect([abi.N_VNI, abi.N_MTU, abi.N_TOS, abi.N_TTL, abi.N_AGEING].map(blue)).toEqual([42, 1450, -1, -1, 3000]);
    expect([abi.N_VNI, abi.N_MTU, abi.N_TOS, abi.N_TTL, abi.N_AGEING].map(red)).toEqual([abi.VNI_MAX, 1400, 0xb8, 32, 100]);
    expect([42, abi.VNI_MAX, 43, 0].map(indexOfVni)).toEqual([1, 2, 0, 0]);
    expect(row(3)(abi.N_FLAGS)).toBe(0);
  });

  test.each([
    [{ learning: false }, 0],
    [{ learning: true }, abi.NETWORK_LEARNING],
    [{ learning: false, allowUnlistedSources: true }, abi.NETWORK_UNLISTED_SOURCES],
    [{ learning: false, ignoreReservedBits: true }, abi.NETWORK_RESERVED_BITS],
    [{ learning: false, allowVlanTags: true }, abi.NETWORK_VLAN_TAGS],
    [{ learning: false, probes: true }, abi.NETWORK_PROBES],
  ])("%o has these flags", async (change, flags) => {
    await write([change]);
    expect(row(1)(abi.N_FLAGS)).toBe(flags | abi.NETWORK_LIVE);
  });

  test("share VTEPs: one index an address, however it is written; peers are flooded to, the others only accepted", async () => {
    const { networks, vteps, plane, config } = await write([
      { name: "blue", vni: 42, peers: ["127.0.0.2", "127.0.0.3"], fdb: [{ mac: MAC, vtep: "127.0.0.4" }] },
      { name: "red", vni: 43, peers: ["127.0.0.3"], fdb: [{ mac: MAC, vtep: "127.0.0.3" }] },
    ]);
    expect(vteps.all.map(({ address }) => address).sort()).toEqual(["127.0.0.2", "127.0.0.3", "127.0.0.4"]);
    const byAddress = (address: string) => vteps.all.find((vtep) => vtep.address === address)?.index as number;
    const flood = (index: number) => readFlood(plane.memory, index);
    expect(flood(networks[0].index)).toEqual({ vteps: ["127.0.0.2", "127.0.0.3"].map(byAddress), ports: [], sources: [1, 2, 3] });
    expect(flood(networks[1].index)).toEqual({ vteps: [byAddress("127.0.0.3")], ports: [], sources: [byAddress("127.0.0.3")] });
    expect(vteps.place("::ffff:127.0.0.2").index).toBe(byAddress("127.0.0.2"));
    const entry = plane.entries.vtep(byAddress("127.0.0.4"));
    expect([abi.V_FAMILY, abi.V_PORT, abi.V_MTU].map((offset) => entry[offset / 4])).toEqual([4, config.node.dataPort, 1450]);
    expect(formatIp(new Uint8Array(entry.buffer, entry.byteOffset + abi.V_ADDRESS, 16))).toBe("127.0.0.4");
  });

  test("have their static FDB entries and neighbours in the tables, each in its own network", async () => {
    const { plane } = await write([
      { name: "blue", vni: 42, fdb: [{ mac: MAC, vtep: "127.0.0.2" }], neighbors: [{ ip: "10.0.0.2", mac: MAC }] },
      { name: "red", vni: 43, fdb: [{ mac: MAC, vtep: "127.0.0.3" }], neighbors: [{ ip: "fd00::2", mac: MAC }] },
    ]);
    const fdb = [...fdbEntries(plane.memory)].map(({ network, mac, target }) => [network, mac, target]);
    expect(fdb.sort()).toEqual([
      [1, parseMac(MAC), { kind: "vtep", index: 1, isStatic: true }],
      [2, parseMac(MAC), { kind: "vtep", index: 2, isStatic: true }],
    ]);
    const rows = [...addressEntries(plane.memory)].map(({ space, address, value }) => `${space} ${formatIp(address)} ${value}`);
    expect(rows.sort()).toEqual(
      [
        `1 10.0.0.2 ${parseMac(MAC)}`,
        `2 fd00::2 ${parseMac(MAC)}`,
        // This host itself is index 0: what comes from there has looped.
        `${abi.SPACE_VTEP} ${OWN} 0`,
        `${abi.SPACE_VTEP} 127.0.0.2 1`,
        `${abi.SPACE_VTEP} 127.0.0.3 2`,
      ].sort(),
    );
    expect([1, 2].map((index) => row(index)(abi.N_STATIC))).toEqual([1, 1]);
  });

  test("may learn what static entries leave, less an eighth, each network an equal share", async () => {
    const port = { netns: "x", interface: "eth0", addresses: [], mac: "02:42:0a:00:00:09" };
    await write([{ name: "blue", vni: 42, fdb: [{ mac: MAC, vtep: "127.0.0.2" }], ports: [port] }], { fdbCapacity: 258 });
    expect(row(1)(abi.N_LEARNED_MAX)).toBe(224);
    await open?.close();
    const names = ["blue", "red", "green"];
    const networks = names.map((name, i) => ({ name, vni: 42 + i }));
    await write(networks, { fdbCapacity: 256 });
    expect([1, 2, 3].map((index) => row(index)(abi.N_LEARNED_MAX))).toEqual([74, 74, 74]);
  });

  test("are refused when the tables cannot hold what the file says", async () => {
    const mac = (i: number) => `02:00:00:00:${(i >> 8).toString(16).padStart(2, "0")}:${(i & 255).toString(16).padStart(2, "0")}`;
    const fdb = Array.from({ length: 1000 }, (_, i) => ({ mac: mac(i), vtep: "127.0.0.2" }));
    await expect(write([{ fdb }], { fdbCapacity: 256 })).rejects.toThrow(/network blue, fdb 02:.*no room.*fdbCapacity/);
  });

  test("leave room for static entries however much was learned in all of them", async () => {
    const { plane } = await write(
      [
        { name: "blue", vni: 42 },
        { name: "red", vni: 43 },
      ],
      { fdbCapacity: 256 },
    );
    const learn = (network: number, mac: number) => plane.tables.setFdb(network, mac, { kind: "vtep", index: 1, isStatic: false });
    for (const network of [1, 2]) for (let mac = 1; mac <= 1000; mac++) learn(network, mac);
    expect([learn(1, 5000), learn(2, 5000)]).toEqual(["limit", "limit"]);
    const fixed = (mac: number) => plane.tables.setFdb(1, mac, { kind: "port", index: 1, isStatic: true });
    for (let mac = 6000; mac < 6032; mac++) expect(fixed(mac)).toBe("added");
  });

  test("get no VTEP any more when all indices are given out, and the ones given out stay", async () => {
    const { vteps } = await write([{}]);
    const address = (i: number) => `127.1.${i >> 8}.${i & 255}`;
    for (let i = 1; i < abi.VTEPS_MAX; i++) expect(vteps.place(address(i)).index).toBe(i);
    expect(() => vteps.place("127.9.9.9")).toThrow(/VTEP 127.9.9.9: no room in the table: at most 4095/);
    expect(vteps.place(address(1)).index).toBe(1);
  });
});
