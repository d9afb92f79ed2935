// The ICMP errors of a path that is too narrow, written out field by field (RFC 792, RFC 1191 section 4, RFC 4443 section 3.2).

import { parseFrame } from "./parse.ts";
import { addresses } from "./split.ts";
import { ethernet, icmpFrame, icmpv6Frame, join, setU16, setU32, u16 } from "./wire.ts";

const macOf = (frame: Uint8Array, at: number) => u16(frame, at) * 2 ** 32 + u16(frame, at + 2) * 65536 + u16(frame, at + 4);
const text4 = (bytes: Uint8Array) => bytes.join(".");
const text6 = (bytes: Uint8Array) => Array.from({ length: 8 }, (_, i) => u16(bytes, i * 2).toString(16)).join(":");

/** What the sender of `frame` gets. */
export function tooBig(frame: Uint8Array, mtu: number): Uint8Array {
  const parsed = parseFrame(frame);
  const packet = frame.subarray(parsed.l3, parsed.end);
  const tag = parsed.tagged ? { tci: u16(frame, 14) } : {};
  const link = { to: macOf(frame, 6), from: macOf(frame, 0), ...tag };
  const [source, destination] = addresses(frame, parsed);
  if (parsed.etherType === 0x0800) {
    const message = join(Uint8Array.of(3, 4, 0, 0, 0, 0, 0, 0), packet.subarray(0, 576 - 28));
    setU16(message, 6, mtu);
    return icmpFrame(link, { source: text4(destination), destination: text4(source), tos: 0xc0, ttl: 64, fragment: 0 }, message);
  }
  const message = join(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0), packet.subarray(0, 1280 - 48));
  setU32(message, 4, mtu);
  return icmpv6Frame(link, { source: text6(destination), destination: text6(source), ttl: 64 }, message);
}

/** An Ethernet frame is given as it would look with this tag. */
export function tagged(frame: Uint8Array, tci: number): Uint8Array {
  return ethernet({ to: macOf(frame, 0), from: macOf(frame, 6), tci }, u16(frame, 12), frame.subarray(14));
}
