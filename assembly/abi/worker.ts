// A worker's block: its state, descriptors, event ring, counters and buffers. Only its worker writes here (the main thread
// writes E_* consumption to W_EVENT_TAIL, and clears the counters of a network that is gone). Offsets below are from the block's start; word arrays are 64-byte entries.

/** u32. WORKER_IDLE while it sleeps in epoll_wait (it holds no table), WORKER_RUNNING otherwise. */
export const W_STATE = 0;
/** u32. H_GENERATION as it was at the top of the current breath. */
export const W_GENERATION = 4;
/** u32. Which call the descriptors in flight belong to: 0 none, else DIRECTION_*. */
export const W_DIRECTION = 8;
/** u32. Descriptors handed over by the host in this call. */
export const W_RX_COUNT = 12;
/** u32. Descriptor being worked on. */
export const W_RX_NEXT = 16;
/** u32. Byte offset of the segment being worked on inside a merged datagram. */
export const W_RX_SEGMENT = 20;
/** u32. Next replica of the frame being worked on (a flood that paused for want of room). */
export const W_REPLICA = 24;
/** u32. 0 until the frame being worked on has been counted as received; then STARTED_* bits, and from STARTED_NETWORK on its network. */
export const W_STARTED = 28;
export const STARTED_COUNTED = 1;
/** A replica has gone out. */
export const STARTED_REPLICATED = 2;
/** Shift of the network's index. */
export const STARTED_NETWORK = 2;
/** u32. Sends, writes and replies waiting for the host. */
export const W_TX_COUNT = 32;
export const W_WRITE_COUNT = 36;
export const W_REPLY_COUNT = 40;
/** u32. Tick and number of ICMP errors made in it. */
export const W_ICMP_TICK = 44;
export const W_ICMP_COUNT = 48;
/** u32 each, on cache lines of their own: next event to write (worker), next to read (main). */
export const W_EVENT_HEAD = 64;
export const W_EVENT_TAIL = 128;
/** u64 × 32. Written by the host side of the worker; S_* below. */
export const W_STATS = 192;

/** u32 × TX_SOCKETS. The UDP source port of each sending socket. */
export const W_SOURCE_PORTS = 448;
/** u32. 1 = this worker has an underlay TAP to inject superframes into. Written by the host side of the worker. */
export const W_INJECT = 512;

export const WORKER_IDLE = 0;
export const WORKER_RUNNING = 1;
export const DIRECTION_EGRESS = 1;
export const DIRECTION_INGRESS = 2;

// W_STATS, u64 each.
export const S_BREATHS = 0;
/** Datagrams that the kernel dropped at the receiving socket (SO_RXQ_OVFL). */
export const S_SOCKET_DROPS = 8;
/** Events that found the ring full. */
export const S_EVENTS_LOST = 16;
/** Sums and counts of batch sizes: TAP reads, datagrams received, sends, TAP writes. */
export const S_TAP_READS = 24;
export const S_TAP_READ_CALLS = 32;
export const S_DATAGRAMS = 40;
export const S_RECEIVE_CALLS = 48;
export const S_SENDS = 56;
export const S_SEND_CALLS = 64;
export const S_WRITES = 72;
/** Sockets that go on without UDP_SEGMENT. */
export const S_GSO_OFF = 80;
/** Histogram of frames or datagrams a batch: 1, ≤2, ≤4, ≤8, ≤16, ≤32, ≤64 (7 × u64), for reads and receives together. */
export const S_BATCH_SIZES = 96;

/** Descriptors of what came in: RX_MAX entries. */
export const W_RX = 1024;
export const RX_BYTES = 64;
/** u32. Egress: where the virtio-net header is. Ingress: where the VXLAN header is. */
export const R_OFFSET = 0;
/** u32. Bytes from R_OFFSET. */
export const R_LENGTH = 4;
/** u32. Egress: port index. */
export const R_PORT = 8;
/** u32. Ingress: UDP_GRO segment size in bytes, 0 = not merged. */
export const R_SEGMENT_BYTES = 12;
/** u32. Ingress: outer TOS or traffic class. */
export const R_TOS = 16;
/** u32. 1 = cut short (MSG_TRUNC, or a read that filled the buffer). */
export const R_TRUNCATED = 20;
/** 16 B. Ingress: outer source address, IPv4 as ::ffff:a.b.c.d. */
export const R_SOURCE = 32;

/** Descriptors of sends: TX_MAX entries; entry i owns bytes i × TX_BUFFER_BYTES of W_TX_BUFFER. Sent in this order. */
export const W_TX = 5120;
export const TX_BYTES = 64;
/** u32, u32. The contiguous payload: VXLAN header and frame, once a segment. */
export const T_OFFSET = 0;
export const T_LENGTH = 4;
/** u32. Bytes of every segment but the last, which may be shorter. */
export const T_SEGMENT_BYTES = 8;
/** u32. Segments, each one wire frame. 1 = no UDP_SEGMENT. */
export const T_SEGMENTS = 12;
/** u32. VTEP index. */
export const T_VTEP = 16;
/** u32. Which of the worker's TX_SOCKETS. */
export const T_SOCKET = 20;
/** u32. Outer TOS or traffic class. */
export const T_TOS = 24;
/** u32. Outer TTL or hop limit. */
export const T_TTL = 28;
/** u32. Network index. */
export const T_NETWORK = 32;
/** u32. 1 = takes no further segment. */
export const T_CLOSED = 36;
/** u32. Written by the host: segments that could not be sent (0 = all went), and the drop reason. */
export const T_DROPPED = 40;
export const T_REASON = 44;

/** u32. 1 = one superframe with all its headers in an RX buffer, for the underlay TAP; T_OFFSET is at its 24-byte virtio-net header. */
export const T_INJECTED = 48;
/** u32. Bytes of its wire frames, without outer headers. */
export const T_FRAME_BYTES = 52;
/** u32. The bucket of W_TX_BUCKETS in which it may be found; only the core reads it. */
export const T_BUCKET = 56;

/** Descriptors of writes to TAPs: WRITE_MAX entries. Written in this order. */
export const W_WRITE = 9216;
export const WRITE_BYTES = 704;
/** u32. Port index. */
export const D_PORT = 0;
/** u32. Wire frames in it. */
export const D_FRAMES = 4;
/** u32. Bytes of those wire frames (Ethernet header to end, no virtio-net header). */
export const D_FRAME_BYTES = 8;
/** u32. Network index. */
export const D_NETWORK = 12;
/** u32. Written by the host: 0 = delivered, else the drop reason. */
export const D_REASON = 16;
/** u32. Gather entries used. */
export const D_IOVS = 20;
/** u32. Bytes that the write must take: all gather entries together. */
export const D_LENGTH = 24;
/** 10 B. Room for the virtio-net header of a frame that came without one. */
export const D_VNET = 32;
/** State of a merge in progress; only the core reads it. */
export const D_MERGE = 48;
/** (u32 offset, u32 length) × WRITE_IOVS_MAX. */
export const D_IOV = 128;
export const IOV_BYTES = 8;

/** The event ring: EVENTS_MAX entries. */
export const W_EVENTS = 189440;
/** Direct-mapped sets, one u64 each: open sends, open merges, events already told. */
export const W_TX_BUCKETS = 254976;
export const W_MERGE_BUCKETS = 257024;
export const W_TOLD = 259072;
export const BUCKETS = 256;
/** Counters: NETWORKS_MAX rows of COUNTER_ROW_BYTES. */
export const W_COUNTERS = 262144;
/** Frames that the core made: REPLY_MAX × REPLY_BYTES. */
export const W_REPLY = 786432;
/** RX_MAX × RX_BUFFER_BYTES. */
export const W_RX_BUFFER = 917504;
/** TX_MAX × TX_BUFFER_BYTES: the packed arena. */
export const W_TX_BUFFER = 5373952;
/** Bytes of the whole block. */
export const WORKER_BYTES = 9568256;
