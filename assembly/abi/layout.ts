// The memory map. Low addresses hold the header; behind it lie the regions, whose offsets the host computes once, at start
// (host/core/layout.ts), and writes into the header before any worker attaches.
//
//   0        nothing: a stray null pointer finds zeros
//   1024     header
//   4096     regions, each 4 KiB-aligned: VNI map, networks, flood lists, ports, VTEPs, FDB × 2, addresses × 2, workers
//
// One writer: the main thread. Workers read, and write only inside their own worker block and the `seen` words of the FDB.

export const HEADER = 1024;
export const REGIONS = 4096;

/** u32. Number of worker blocks. */
export const H_WORKERS = 0;
/** u32. Time in ticks of TICK_MS; the main thread advances it. */
export const H_TICK = 4;
/** u32. Bumped after every change that workers must notice; a worker copies it to W_GENERATION at the top of a breath. */
export const H_GENERATION = 8;
/** u32. 1 = workers return at the top of their next breath. */
export const H_STOP = 12;
/** u64. Secret of the flow and table hashes, random for each start. */
export const H_HASH_KEY = 16;
/** u32. Offset of the FDB that readers use now; storing it is the flip. */
export const H_FDB = 28;
/** u32. Slots of each FDB, a power of two. */
export const H_FDB_SLOTS = 32;
/** u32. Offset of the address table that readers use now. */
export const H_ADDRESS = 36;
/** u32. Slots of each address table, a power of two. */
export const H_ADDRESS_SLOTS = 40;
/** u32 offsets of the other regions. */
export const H_VNI = 44;
export const H_NETWORK = 48;
export const H_FLOOD = 52;
export const H_PORT = 56;
export const H_VTEP = 60;
export const H_WORKER = 64;
/** u32. The other FDB and the other address table (where a rebuild goes). */
export const H_FDB_SPARE = 68;
export const H_ADDRESS_SPARE = 72;
/** u32. What the kernel here takes: FEATURE_* bits, set by the host at start. */
export const H_FEATURES = 92;
/** TAPs take GSO_UDP_L4 superframes (kernel ≥ 6.2). */
export const FEATURE_USO = 1;
/** 16 B. This host's VTEP address; IPv4 as ::ffff:a.b.c.d. */
export const H_OWN = 96;
/** u32, on a cache line of its own: what lies before it is read for every frame. Workers add 1 and notify; the main thread waits on it (Atomics.waitAsync). */
export const H_DOORBELL = 128;
/** u32, for the main thread alone: slots with a key (dead ones too), and entries that are present. */
export const H_FDB_USED = 192;
export const H_FDB_LIVE = 196;
export const H_ADDRESS_USED = 200;
export const H_ADDRESS_LIVE = 204;

/** VNI map: u16 network index for each of the 2^24 VNIs, read directly (untouched pages cost nothing). */
export const VNI_ENTRY_BYTES = 2;
export const VNI_MAP_BYTES = 33554432;
