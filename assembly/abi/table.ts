// Entries of the two hash tables. Both are open-addressed with linear probing. A key is written once and stays until a rebuild
// into the spare table, so a reader that has matched a key needs no lock: its value is one i64, and 0 in it means absent.

/** FDB: (network, MAC) → port or VTEP. */
export const FDB_BYTES = 16;
/** i64. Network index << 48 | MAC. 0 = never used: a probe ends here. */
export const FDB_KEY = 0;
/** u32. Tick at which the address was last seen as a source. The one word that workers write. */
export const FDB_SEEN = 8;
/** u32. Bits below; 0 = absent. FDB_SEEN and FDB_TARGET are read together as one i64. */
export const FDB_TARGET = 12;

/** Port or VTEP index. */
export const TARGET_INDEX = 65535;
export const TARGET_PORT = 65536;
export const TARGET_VTEP = 131072;
/** Set by the control plane: never aged, never moved by a packet. */
export const TARGET_STATIC = 262144;

/** Addresses: (network, IP) → MAC for neighbours, (SPACE_VTEP, outer IP) → VTEP index, 0 for this host. */
export const ADDRESS_BYTES = 32;
/** i64, i64. The 16 bytes of the address as they are in memory; IPv4 as ::ffff:a.b.c.d. */
export const A_LOW = 0;
export const A_HIGH = 8;
/** i64. Network index, or SPACE_VTEP. 0 = never used: a probe ends here. Stored last. */
export const A_SPACE = 16;
/** i64. MAC or VTEP index, with ADDRESS_PRESENT in the upper half; 0 = absent. */
export const A_VALUE = 24;

export const SPACE_VTEP = 65536;
/** Bit 16 of A_VALUE's upper half. */
export const ADDRESS_PRESENT = 65536;

/** Answers of the tables' writers. */
export const TABLE_ADDED = 1;
export const TABLE_CHANGED = 2;
export const TABLE_SAME = 3;
export const TABLE_REMOVED = 4;
export const TABLE_ABSENT = 5;
/** No slot: the caller rebuilds, or refuses and counts. */
export const TABLE_FULL = 6;
/** The network's own limit of learned entries is reached. */
export const TABLE_LIMIT = 7;
