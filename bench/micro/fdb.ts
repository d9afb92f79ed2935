// assembly/table/fdb.ts: fdbFind(), once a source and once a destination. The twin is a Map of each network. Keys are looked up in random order, so the
// large table is out of the caches, as it is for real.

import { H_NETWORK, HEADER } from "../../assembly/abi/layout.ts";
import { N_LEARNED_MAX } from "../../assembly/abi/network.ts";
import { TABLE_ADDED, TARGET_PORT } from "../../assembly/abi/table.ts";
import { Probe } from "../../test/oracle/probe.ts";
import { Random } from "../../test/oracle/random.ts";
import type { Case } from "./case.ts";

const NETWORK = 1;
/** Look-ups a call. */
const LOOKUPS = 64;
/** Different keys looked up: enough not to stay in the caches. */
const KEYS = 2 ** 18;

function table(entries: number): Case {
  const probe = new Probe({ fdbCapacity: entries });
  // NETWORK's row is the second one.
  const row = probe.view.getUint32(HEADER + H_NETWORK, true) + 64;
  probe.view.setUint32(row + N_LEARNED_MAX, entries, true);
  const random = new Random(2);
  const macs: number[] = [];
  const twin = new Map([[NETWORK, new Map<number, number>()]]);
  while (macs.length < entries) {
    const mac = random.below(2 ** 16) * 2 ** 32 + random.u32();
    const target = TARGET_PORT | random.between(1, 4095);
    if (probe.call.fdbSet(NETWORK, BigInt(mac), target, 0) !== TABLE_ADDED) continue;
    twin.get(NETWORK)?.set(mac, target);
    macs.push(mac);
  }
  const numbers = Array.from({ length: KEYS }, () => random.pick(macs));
  const bigs = numbers.map(BigInt);
  let next = 0;
  const advance = () => {
    next = (next + LOOKUPS) % KEYS;
    return next;
  };
  return {
    name: "FDB look-up",
    size: `${entries.toLocaleString("en")} entries`,
    frames: LOOKUPS,
    bytes: 0,
    core: () => {
      let found = 0;
      for (let i = advance(), stop = i + LOOKUPS; i < stop; i++) found += probe.call.fdbTarget(probe.call.fdbFind(NETWORK, bigs[i]));
      return found;
    },
    twin: () => {
      let found = 0;
      for (let i = advance(), stop = i + LOOKUPS; i < stop; i++) found += twin.get(NETWORK)?.get(numbers[i]) ?? 0;
      return found;
    },
  };
}

export function cases(): Case[] {
  return [table(1000), table(100_000), table(1_000_000)];
}
