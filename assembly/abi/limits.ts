// Every bound of the data path, with its name. Plain `export const`: AssemblyScript and TypeScript both read this folder,
// and the host compares each number with the one that the compiled module exports before it lets a frame in.

/** Changes whenever the meaning of shared memory changes in a way that no other constant shows. */
export const ABI_VERSION = 1;

/** A WebAssembly page. */
export const PAGE_BYTES = 65536;
/** Shared memory never grows and is never larger (design rule 10): 2 GiB less a page, since a signed 32-bit number must hold it. */
export const MEMORY_BYTES_MAX = 2147418112;

/** 24 bits (RFC 7348 section 5). */
export const VNI_MAX = 16777215;
/** Network index 0 means "none": frames that cannot be attributed to a network are counted there. */
export const NETWORKS_MAX = 1024;
/** Port index 0 means "none". */
export const PORTS_MAX = 4096;
/** VTEP index 0 means "none". */
export const VTEPS_MAX = 4096;
/** Ports that one network floods to on one host. */
export const FLOOD_PORTS_MAX = 1024;
/** VTEPs that one network floods to. */
export const FLOOD_VTEPS_MAX = 4096;
export const WORKERS_MAX = 64;

/** Slots looked at before a table says "absent" or "full". */
export const PROBES_MAX = 128;

/** Frames or datagrams handed to the core in one call. */
export const RX_MAX = 64;
/** One superframe (65,549 B) with its virtio-net header, rounded to pages. */
export const RX_BUFFER_BYTES = 69632;
/**
 * Where a TAP read puts the virtio-net header in an RX buffer: the Ethernet header behind it is 16-aligned, and all outer headers of an injected
 * superframe (virtio-net 24, Ethernet 14, IPv6 40, UDP 8, VXLAN 8) fit in front of it.
 */
export const RX_TAP_HEADROOM = 102;
/**
 * Where a datagram goes in an RX buffer: the Ethernet header behind its VXLAN header is 16-aligned, and a virtio-net header fits in front of that,
 * in place of the VXLAN header and two bytes more.
 */
export const RX_UDP_HEADROOM = 8;

/** Sends that can be open or waiting at once; each has 64 KiB of the packed arena. */
export const TX_MAX = 64;
export const TX_BUFFER_BYTES = 65536;
/** UDP_MAX_SEGMENTS (linux/udp.h). */
export const TX_SEGMENTS_MAX = 64;
/** 65,535 less an IPv4 and a UDP header: the most that one UDP_SEGMENT send carries (net/ipv4/udp.c). */
export const TX_PAYLOAD_BYTES_MAX = 65507;
/** The most that is packed into one train: with outer headers it stays within gso_max_size (65,536), past which the kernel cuts it in software. */
export const TX_TRAIN_BYTES_MAX = 65472;
/** Sockets that each worker sends from; the inner flow hash picks one (design rule 4). */
export const TX_SOCKETS = 16;

/** Writes to TAPs that can wait at once. */
export const WRITE_MAX = 256;
/** Gather entries of one write: the virtio-net header, then pieces of frames. */
export const WRITE_IOVS_MAX = 72;
/** Frames that may be merged into one write (UDP_MAX_SEGMENTS; the gather list has room). */
export const MERGE_FRAMES_MAX = 64;

/** Frames that the core makes itself (ARP, ND, ICMP answers) and that can wait at once. */
export const REPLY_MAX = 64;
export const REPLY_BYTES = 2048;

/** Segments that one superframe may claim; more is a lie in the virtio-net header. */
export const SUPERFRAME_SEGMENTS_MAX = 1024;

/** Events (a MAC learned, a path MTU that fell) waiting for the main thread, for each worker. */
export const EVENTS_MAX = 1024;

/** One tick of H_TICK, the only clock that the core knows. */
export const TICK_MS = 100;
/** ICMP errors that one worker makes in one tick (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f). */
export const ICMP_ERRORS_PER_TICK = 100;
