// The keyed hash of the inner flow: it picks the sending socket, and so the outer source port (RFC 7348 section 5), and the bucket in which
// segments are merged. Fragments, and what has no ports, hash by addresses alone, so all of a datagram's fragments go one way.

import { end, etherType, frame, hasPorts, l3, l4, protocol } from "../offload/frame";
import { hashKey, mix } from "../table/hash";
import { TYPE_IPV4, TYPE_IPV6 } from "../wire/ethernet";

/** Hash of the frame just parsed. */
export function flowHash(): u32 {
  let digest = hashKey();
  if (etherType == TYPE_IPV4 && end > l3) {
    digest = mix(digest ^ load<u64>(l3, 12));
  } else if (etherType == TYPE_IPV6 && end > l3) {
    digest = mix(digest ^ load<u64>(l3, 8) ^ mix(load<u64>(l3, 16)));
    digest = mix(digest ^ load<u64>(l3, 24) ^ mix(load<u64>(l3, 32)));
  } else {
    digest = mix(digest ^ load<u64>(frame) ^ ((<u64>load<u32>(frame, 8)) << 16));
  }
  if (hasPorts) digest = mix(digest ^ ((<u64>load<u32>(l4)) << 8) ^ <u64>protocol);
  return <u32>digest ^ <u32>(digest >> 32);
}
