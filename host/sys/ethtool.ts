// Which features of a network device are on (ethtool -k), in the network namespace of the calling thread: the ioctl SIOCETHTOOL of linux/ethtool.h, so
// that no program has to be installed for it. Any thread; not hot.
//
// Scratch:  struct ifreq 64 B (name 16 B, pointer to the request) | the request

import * as k from "./constants.ts";
import { check } from "./errno.ts";
import { closeFd } from "./fd.ts";
import { ioctl, socket } from "./libc.ts";
import { Scratch } from "./memory.ts";

const REQUEST_AT = 64;
/** Names of features are so long at most, NUL included (ETH_GSTRING_LEN). */
const NAME_BYTES = 32;
/** Features that this looks at; Linux 6.18 has 64. */
const FEATURES_MAX = 256;
const SCRATCH_BYTES = REQUEST_AT + 12 + FEATURES_MAX * NAME_BYTES;
/** struct ethtool_get_features_block: available, requested, active, never_changed, u32 each, for 32 features. */
const BLOCK_WORDS = 4;
const ACTIVE_WORD = 2;

/** Names of the features of `device` that are on. Throws SysError (ENODEV, EOPNOTSUPP: it has none). */
export function activeFeatures(device: string): Set<string> {
  const fd = check(socket(k.AF_INET, k.SOCK_DGRAM | k.SOCK_CLOEXEC, 0), "socket", "for ethtool");
  try {
    const ask = new Request(fd, device);
    // struct ethtool_sset_info: command, reserved, mask of sets u64, their sizes.
    ask.send([k.ETHTOOL_GSSET_INFO, 0, 1 << k.ETH_SS_FEATURES, 0]);
    const count = Math.min(ask.word(4), FEATURES_MAX);
    ask.send([k.ETHTOOL_GSTRINGS, k.ETH_SS_FEATURES, count]);
    const names = Array.from({ length: count }, (_, i) => ask.text(12 + i * NAME_BYTES));
    ask.send([k.ETHTOOL_GFEATURES, Math.ceil(count / 32)]);
    return new Set(names.filter((_, i) => (ask.word(2 + (i >> 5) * BLOCK_WORDS + ACTIVE_WORD) >>> (i & 31)) & 1));
  } finally {
    closeFd(fd);
  }
}

class Request {
  readonly #fd: number;
  readonly #device: string;
  readonly #scratch = new Scratch(SCRATCH_BYTES);

  constructor(fd: number, device: string) {
    this.#fd = fd;
    this.#device = device;
    this.#scratch.bytes.set(Buffer.from(device).subarray(0, k.IFNAMSIZ - 1));
    this.#scratch.point(this.#scratch.words, k.IFNAMSIZ >> 2, REQUEST_AT);
  }

  /** Sends a request that begins with these words; its answer takes its place. */
  send(words: readonly number[]): void {
    this.#scratch.words.fill(0, REQUEST_AT >> 2);
    this.#scratch.words.set(words, REQUEST_AT >> 2);
    check(ioctl(this.#fd, k.SIOCETHTOOL, this.#scratch.base), "ioctl", `SIOCETHTOOL ${this.#device}`);
  }

  word(index: number): number {
    return this.#scratch.words[(REQUEST_AT >> 2) + index];
  }

  text(at: number): string {
    const bytes = this.#scratch.bytes.subarray(REQUEST_AT + at, REQUEST_AT + at + NAME_BYTES);
    return Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString("latin1");
  }
}
