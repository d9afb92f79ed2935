// What holds of every look-up while the writer adds, moves and removes: shared by the writer (test/unit/table/concurrent.test.ts) and the reader thread.

import { ADDRESS_PRESENT, TARGET_INDEX } from "../../assembly/abi/table.ts";

export const NETWORK = 5;
/** Keys in play. */
export const VOLATILE = 400;
export const FLOOD_LENGTH = 256;

/** Placed before the reader starts, moved about, never removed. */
export const STEADY = (i: number) => i % 4 === 0;
/** Never placed. */
export const STRANGERS = (i: number) => i % 4 === 1;

export const macOf = (i: number) => 0x020000000000 + i * 0x9e37;
export const addressOf = (i: number): [bigint, bigint] => [BigInt(i), BigInt(i * 7919)];

/** A MAC's target always says which MAC it belongs to: its index is the MAC's own, in one of three variants. */
export const indexOf = (i: number, variant: number) => i * 3 + (variant % 3);
export const rightTarget = (i: number, target: number) => Math.floor((target & TARGET_INDEX) / 3) === i;

/** The same of an address: its value in the lower half. */
export const neighborOf = (i: number, variant: number) => i * 3 + (variant % 3);
export const rightAddress = (i: number, value: bigint) =>
  Number(value >> 32n) === ADDRESS_PRESENT && Math.floor(Number(value & 0xffffffffn) / 3) === i;
