// Hundreds of thousands of made-up and mutated frames and datagrams: the core never traps, never hands the host a descriptor out of bounds
// (the harness checks each), and every network's books balance after every call.

import { describe, expect, test } from "vitest";
import { C_DROPPED, C_RECEIVED_PORT, C_RECEIVED_UNDERLAY } from "../../../assembly/abi/counter.ts";
import { NETWORK_LEARNING, NETWORK_RESERVED_BITS, NETWORK_UNLISTED_SOURCES, NETWORK_VLAN_TAGS } from "../../../assembly/abi/network.ts";
import { DROP_CORE_TRAP, DROP_NONE, REASONS } from "../../../assembly/abi/reason.ts";
import { parseIp } from "../../../host/model/ip.ts";
import type { CoreHarness, Outcome } from "../../oracle/core-harness.ts";
import { anyDatagram, anyFromPort } from "../../oracle/fuzz.ts";
import { Random, seed } from "../../oracle/random.ts";
import { BLUE, BLUE_VNI, builds, C, RED, RED_VNI, standardWorld } from "../../oracle/world.ts";

const ROUNDS = Number(process.env.WEFT_FUZZ_ROUNDS ?? 1600);
const BATCH = 64;
/** Distinct inputs made once; each round takes a random batch of them (making one costs more than forwarding it). */
const POOL = 20_000;

describe.each(builds)("$build", ({ build }) => {
  test(`${ROUNDS * BATCH * 2} frames and datagrams: no trap, exact books (seed ${seed})`, { timeout: 300_000 }, () => {
    const random = new Random();
    const harness = standardWorld({ build });
    harness.tables.setVtepAddress(parseIp("192.0.2.1"), 0);
    harness.tables.setNeighbor(BLUE, parseIp("10.0.0.3"), C);
    const frames = Array.from({ length: POOL }, () => anyFromPort(random));
    const datagrams = Array.from({ length: POOL }, () => anyDatagram(random));
    const outcome: Outcome = {
      send: ({ segments }) =>
        random.oneIn(9) ? { dropped: random.between(1, segments.length), reason: random.below(REASONS + 2) } : undefined,
      write: () => (random.oneIn(9) ? random.below(REASONS + 2) : 0),
    };
    for (let round = 0; round < ROUNDS; round++) {
      if (round % 50 === 0) changeWorld(harness, random);
      harness.egress(take(random, frames), outcome);
      harness.ingress(take(random, datagrams), outcome);
      harness.events();
    }
    harness.assertAllBooks();
    if (process.env.WEFT_FUZZ_SHOW) console.log([0, BLUE, RED].map((network) => harness.take(network)));
    const total = (counter: number) => [0, BLUE, RED].reduce((sum, network) => sum + Number(harness.row(network)[counter]), 0);
    // Superframes and trains count their segments, so at least as many came in as were given.
    expect(total(C_RECEIVED_PORT)).toBeGreaterThanOrEqual(ROUNDS * BATCH);
    expect(total(C_RECEIVED_UNDERLAY)).toBeGreaterThanOrEqual(ROUNDS * BATCH);
    expect(total(C_DROPPED + DROP_CORE_TRAP)).toBeGreaterThan(0); // only as an outcome that the host "told"
    expect(total(C_DROPPED + DROP_NONE)).toBe(0);
  });
});

function take<T>(random: Random, pool: T[]): T[] {
  return Array.from({ length: BATCH }, () => random.pick(pool));
}

function changeWorld(harness: CoreHarness, random: Random): void {
  const options = [NETWORK_LEARNING, NETWORK_UNLISTED_SOURCES, NETWORK_RESERVED_BITS, NETWORK_VLAN_TAGS];
  const anyFlags = () => options.reduce((flags, option) => flags | (random.oneIn(2) ? option : 0), 0);
  const any = () => ({
    flags: anyFlags(),
    mtu: random.pick([68, 576, 1280, 1450, 9000]),
    tos: random.pick([-1, 0x28]),
    ttl: random.pick([-1, 64]),
  });
  harness.network(BLUE, { vni: BLUE_VNI, ...any() });
  harness.network(RED, { vni: RED_VNI, ...any() });
  harness.tick++;
}
