// A row of counters by their names (assembly/abi/counter.ts).

import * as abi from "../../assembly/abi/index.ts";

/** Names of a row's counters by index. */
const COUNTER_NAMES = new Map<number, string>();
for (const [name, value] of Object.entries(abi)) {
  if (/^C_/.test(name) && name !== "C_DROPPED") COUNTER_NAMES.set(value, name.slice(2).toLowerCase());
  if (/^DROP_/.test(name)) COUNTER_NAMES.set(abi.C_DROPPED + value, name.toLowerCase());
}

/** What is not zero. */
export function countersOf(row: BigUint64Array): Record<string, number> {
  return Object.fromEntries(
    Array.from(row, (value, i): [string, number] => [COUNTER_NAMES.get(i) ?? `counter_${i}`, Number(value)]).filter(
      ([, value]) => value !== 0,
    ),
  );
}
