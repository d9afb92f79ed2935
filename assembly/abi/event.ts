// What a worker tells the main thread: a ring in its worker block, single producer (the worker), single consumer (the main thread).

export const EVENT_BYTES = 64;
/** u32. One of EVENT_*. */
export const E_KIND = 0;
/** u32. Network index. */
export const E_NETWORK = 4;
/** u64. MAC as a number. */
export const E_MAC = 8;
/** u32. Port index (EVENT_LEARN_PORT) or VTEP index (EVENT_LEARN_VTEP, EVENT_PATH_MTU). */
export const E_INDEX = 16;
/** 16 B. Outer source address (EVENT_LEARN_ADDRESS). */
export const E_ADDRESS = 24;

/** A source MAC was seen at a local port that the FDB does not place there. */
export const EVENT_LEARN_PORT = 1;
/** A source MAC was seen behind a known VTEP that the FDB does not place there. */
export const EVENT_LEARN_VTEP = 2;
/** The same behind an address that is no VTEP of ours yet (networks that accept unlisted sources). */
export const EVENT_LEARN_ADDRESS = 3;
/** The kernel refused a send with EMSGSIZE: read the path MTU to this VTEP again. */
export const EVENT_PATH_MTU = 4;
/** A TAP is gone (EBADFD, EPOLLERR). */
export const EVENT_PORT_GONE = 5;
