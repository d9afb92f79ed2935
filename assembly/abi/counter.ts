// A network's row of counters in a worker's block, u64 each; index × 8 is the offset. The unit is the wire frame: a superframe
// counts its segments. At rest, in every row:
//   RECEIVED_PORT + RECEIVED_UNDERLAY + GENERATED + COPIES = DELIVERED + SENT + ANSWERED + the sum of DROPPED
// (COPIES = replicas − 1 of a flood.)

export const COUNTER_ROW_BYTES = 512;
export const C_RECEIVED_PORT = 0;
export const C_RECEIVED_UNDERLAY = 1;
export const C_GENERATED = 2;
export const C_COPIES = 3;
export const C_DELIVERED = 4;
export const C_SENT = 5;
export const C_ANSWERED = 6;
/** Bytes of the same frames, Ethernet header to end. */
export const C_RECEIVED_PORT_BYTES = 7;
export const C_RECEIVED_UNDERLAY_BYTES = 8;
export const C_DELIVERED_BYTES = 9;
export const C_SENT_BYTES = 10;
/** Frames that found a place in an earlier one's write. */
export const C_MERGED = 11;
/** Inner ECN disagreed with the outer in a way RFC 6040 section 4.2 asks to log, and the frame went on. */
export const C_ECN_SUSPECT = 12;
/** C_DROPPED + reason. */
export const C_DROPPED = 16;
export const COUNTERS = 64;
