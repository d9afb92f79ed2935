// What may not come in: packets made by hand, each refused for its own, counted reason, and what the options let through after all.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { NetworkBooks } from "../../lab/books.ts";
import { ipBatch } from "../../lab/command.ts";
import * as frames from "../../lab/traffic/frames.ts";
import { type InjectOptions, injectDatagrams, injectFrames } from "../../lab/traffic/inject.ts";
import { describeNetns } from "./needs.ts";
import { closePair, NETWORK, openAlone, type Pair, settledBooks, VNI } from "./pair.ts";

const STRANGER = "02:00:00:00:00:99";
const ELSEWHERE = "02:00:00:00:00:77";
const UNLISTED = "10.99.0.77";
const ECN_CE = 3;

const { BROADCAST, TYPE_EXPERIMENT, TYPE_IPV4 } = frames;

interface Case {
  name: string;
  /** What is sent, given the left container's MAC. */
  payload: (own: string) => Uint8Array;
  reason: string;
  network?: string;
  options?: InjectOptions;
}

const good = (own: string) => frames.ethernet(own, STRANGER, TYPE_EXPERIMENT);
const inside = (frame: Uint8Array) => frames.vxlan(VNI, frame);
const packet = (tos: number) => frames.ipv4("10.0.0.99", "10.0.0.1", Buffer.alloc(30), { tos });

const FROM_UNDERLAY: Case[] = [
  { name: "a datagram of one byte", payload: () => Buffer.alloc(1), reason: "vxlan_invalid_hdr", network: "" },
  { name: "no I flag", payload: (own) => frames.vxlan(VNI, good(own), { flags: 0 }), reason: "vxlan_invalid_hdr", network: "" },
  { name: "a VNI that nobody has", payload: (own) => frames.vxlan(VNI + 1, good(own)), reason: "vxlan_vni_not_found", network: "" },
  { name: "reserved flags", payload: (own) => frames.vxlan(VNI, good(own), { flags: 0x88 }), reason: "vxlan_reserved_bits" },
  { name: "a reserved byte", payload: (own) => frames.vxlan(VNI, good(own), { reserved: 1 }), reason: "vxlan_reserved_bits" },
  {
    name: "a source that is no peer",
    payload: (own) => inside(good(own)),
    reason: "vxlan_unlisted_source",
    options: { local: UNLISTED },
  },
  { name: "a frame shorter than an Ethernet header", payload: (own) => inside(good(own).subarray(0, 13)), reason: "pkt_too_small" },
  { name: "a header without a frame", payload: () => inside(Buffer.alloc(0)), reason: "pkt_too_small" },
  {
    name: "a multicast source",
    payload: (own) => inside(frames.ethernet(own, "03:00:00:00:00:01", TYPE_EXPERIMENT)),
    reason: "mac_invalid_source",
  },
  {
    name: "a source of zeros",
    payload: (own) => inside(frames.ethernet(own, "00:00:00:00:00:00", TYPE_EXPERIMENT)),
    reason: "mac_invalid_source",
  },
  {
    name: "a spanning tree frame",
    payload: () => inside(frames.ethernet("01:80:c2:00:00:00", STRANGER, TYPE_EXPERIMENT)),
    reason: "mac_ieee_mac_control",
  },
  { name: "a VLAN tag", payload: (own) => inside(frames.tagged(own, STRANGER, 7, TYPE_EXPERIMENT)), reason: "vlan_tagged" },
  {
    name: "a source that is a container here",
    payload: (own) => inside(frames.ethernet(BROADCAST, own, TYPE_EXPERIMENT)),
    reason: "local_mac",
  },
  {
    name: "a source that a static entry puts elsewhere",
    payload: (own) => inside(frames.ethernet(own, ELSEWHERE, TYPE_EXPERIMENT)),
    reason: "vxlan_entry_exists",
  },
  {
    name: "a destination behind a VTEP",
    payload: () => inside(frames.ethernet(ELSEWHERE, STRANGER, TYPE_EXPERIMENT)),
    reason: "split_horizon",
  },
  {
    name: "an outer CE mark on a packet that does not speak ECN",
    payload: (own) => inside(frames.ethernet(own, STRANGER, TYPE_IPV4, packet(0))),
    reason: "ip_tunnel_ecn",
    options: { tos: ECN_CE },
  },
];

const FROM_CONTAINER: Case[] = [
  {
    name: "a multicast source",
    payload: () => frames.ethernet(BROADCAST, "03:00:00:00:00:01", TYPE_EXPERIMENT),
    reason: "mac_invalid_source",
  },
  {
    name: "a spanning tree frame",
    payload: (own) => frames.ethernet("01:80:c2:00:00:00", own, TYPE_EXPERIMENT),
    reason: "mac_ieee_mac_control",
  },
  { name: "a VLAN tag", payload: (own) => frames.tagged(BROADCAST, own, 7, TYPE_EXPERIMENT), reason: "vlan_tagged" },
  { name: "a frame to itself", payload: (own) => frames.ethernet(own, own, TYPE_EXPERIMENT), reason: "same_port" },
  {
    name: "a source that a static entry puts elsewhere",
    payload: () => frames.ethernet(BROADCAST, ELSEWHERE, TYPE_EXPERIMENT),
    reason: "vxlan_entry_exists",
  },
];

function droppedSince(before: NetworkBooks | undefined, after: NetworkBooks): Record<string, number> {
  const grown = Object.entries(after.dropped).map(([reason, value]) => [reason, value - (before?.dropped[reason] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, value]) => value !== 0));
}

describeNetns("what may not come in", ["socat"], () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await openAlone(() => ({ fdb: [{ mac: ELSEWHERE, vtep: "10.99.0.3" }] }));
    await ipBatch([`address add ${UNLISTED}/24 dev eth0`], pair.hosts[1].netns);
  });
  afterAll(() => closePair(pair));

  test.each(FROM_UNDERLAY)("from the underlay: $name → $reason", async ({ payload, reason, network = NETWORK, options }) => {
    const [agent] = pair.agents;
    const before = await settledBooks(agent);
    await injectDatagrams(pair.hosts[1], pair.hosts[0], [payload(pair.containers[0].mac)], options);
    const after = await settledBooks(agent);
    expect(droppedSince(before.networks[network], after.networks[network])).toEqual({ [reason]: 1 });
  });

  test.each(FROM_CONTAINER)("from a container: $name → $reason", async ({ payload, reason }) => {
    const [agent] = pair.agents;
    const before = await settledBooks(agent);
    await injectFrames(pair.containers[0], [payload(pair.containers[0].mac)]);
    const after = await settledBooks(agent);
    expect(droppedSince(before.networks[NETWORK], after.networks[NETWORK])).toEqual({ [reason]: 1 });
  });

  test("a good packet made by hand is delivered", async () => {
    const [agent] = pair.agents;
    const before = await settledBooks(agent);
    await injectDatagrams(pair.hosts[1], pair.hosts[0], [inside(good(pair.containers[0].mac))]);
    const after = await settledBooks(agent);
    expect(after.networks[NETWORK].delivered - before.networks[NETWORK].delivered).toBe(1);
    expect(droppedSince(before.networks[NETWORK], after.networks[NETWORK])).toEqual({});
  });
});

describeNetns("what the options let in", [], () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await openAlone(() => ({ allowUnlistedSources: true, ignoreReservedBits: true, allowVlanTags: true }));
    await ipBatch([`address add ${UNLISTED}/24 dev eth0`], pair.hosts[1].netns);
  });
  afterAll(() => closePair(pair));

  const cases: Omit<Case, "reason">[] = [
    { name: "allowUnlistedSources", payload: (own) => inside(good(own)), options: { local: UNLISTED } },
    { name: "ignoreReservedBits", payload: (own) => frames.vxlan(VNI, good(own), { flags: 0xff, reserved: 0xff }) },
    { name: "allowVlanTags", payload: (own) => inside(frames.tagged(own, STRANGER, 7, TYPE_EXPERIMENT)) },
  ];
  test.each(cases)("$name", async ({ payload, options }) => {
    const [agent] = pair.agents;
    const before = await settledBooks(agent);
    await injectDatagrams(pair.hosts[1], pair.hosts[0], [payload(pair.containers[0].mac)], options);
    const after = await settledBooks(agent);
    expect(after.networks[NETWORK].delivered - before.networks[NETWORK].delivered).toBe(1);
    expect(droppedSince(before.networks[NETWORK], after.networks[NETWORK])).toEqual({});
  });
});
