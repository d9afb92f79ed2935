// Probes as frames: version 1. Numbers in network order; node ids are 25 characters of base 36 (host/model/cluster/ids.ts).
//
//    0  destination MAC 6 · source MAC 6 · EtherType 0x88b5 (IEEE 802 local experimental 1)
//   14  version 1 · kind 1 · nonce 6 · incarnation 8
//   30  sender's id 25 · receiver's id 25 · id asked about 25, or zeros · reached 1 · zeros 4
//  110  HMAC-SHA256 with the cluster's probe secret over all the rest, its first 16 bytes
//  126  padding up to the size under test
//
// A frame can be sent again by whoever sees it: a reply counts only while its nonce is awaited, and what answers a request is bounded
// (detector.ts). Probing thread.

import { createHmac, timingSafeEqual } from "node:crypto";
import { macToBytes, parseMac } from "../../model/mac.ts";
import type { ProbeKind, ProbeMessage } from "./message.ts";

/** IEEE 802-2014 section 9.2.4: local experimental EtherType 1. */
export const PROBE_ETHER_TYPE = 0x88b5;
const VERSION = 1;
const ETHERNET_BYTES = 14;
const MAC_BYTES = 6;
const ID_BYTES = 25;
const NONCE_BYTES = 6;
const TAG_BYTES = 16;
const VERSION_AT = ETHERNET_BYTES;
const KIND_AT = VERSION_AT + 1;
const NONCE_AT = KIND_AT + 1;
const INCARNATION_AT = NONCE_AT + NONCE_BYTES;
const FROM_AT = INCARNATION_AT + 8;
const TO_AT = FROM_AT + ID_BYTES;
const ABOUT_AT = TO_AT + ID_BYTES;
const REACHED_AT = ABOUT_AT + ID_BYTES;
const TAG_AT = REACHED_AT + 5;
const FRAME_BYTES_MIN = TAG_AT + TAG_BYTES;

/** Of the smallest probe, behind its Ethernet header. */
export const PROBE_BYTES_MIN = FRAME_BYTES_MIN - ETHERNET_BYTES;

const KINDS: readonly ProbeKind[] = ["request", "reply", "ask", "answer"];
const ID = /^[0-9a-z]{25}$/;
const NO_ID = "\0".repeat(ID_BYTES);

/** Why a frame is no probe for us: cut short or senseless, of a version that is not spoken here, or not made with the cluster's secret. */
export type Unreadable = "malformed" | "version" | "unauthentic";

/** The frame of a message, with MAC addresses as text. The smallest there is when `bytes` are fewer. */
export function encodeProbe(message: ProbeMessage, macs: { to: string; from: string }, key: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(ETHERNET_BYTES + Math.max(message.bytes, PROBE_BYTES_MIN));
  frame.set(macToBytes(parseMac(macs.to)));
  frame.set(macToBytes(parseMac(macs.from)), MAC_BYTES);
  frame.writeUInt16BE(PROBE_ETHER_TYPE, 2 * MAC_BYTES);
  frame[VERSION_AT] = VERSION;
  frame[KIND_AT] = KINDS.indexOf(message.kind) + 1;
  frame.writeUIntBE(message.nonce, NONCE_AT, NONCE_BYTES);
  frame.writeBigUInt64BE(BigInt(message.incarnation), INCARNATION_AT);
  frame.write(message.from, FROM_AT, ID_BYTES, "latin1");
  frame.write(message.to, TO_AT, ID_BYTES, "latin1");
  frame.write(message.about ?? NO_ID, ABOUT_AT, ID_BYTES, "latin1");
  frame[REACHED_AT] = message.reached ? 1 : 0;
  tagOf(frame, key).copy(frame, TAG_AT);
  return frame;
}

/** A frame's message, or why there is none. */
export function decodeProbe(bytes: Uint8Array, key: Uint8Array): ProbeMessage | Unreadable {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (frame.length <= VERSION_AT || frame.readUInt16BE(2 * MAC_BYTES) !== PROBE_ETHER_TYPE) return "malformed";
  if (frame[VERSION_AT] !== VERSION) return "version";
  if (frame.length < FRAME_BYTES_MIN) return "malformed";
  if (!timingSafeEqual(tagOf(frame, key), frame.subarray(TAG_AT, FRAME_BYTES_MIN))) return "unauthentic";
  const kind = KINDS[frame[KIND_AT] - 1];
  const [from, to, about] = [FROM_AT, TO_AT, ABOUT_AT].map((at) => frame.toString("latin1", at, at + ID_BYTES));
  const incarnation = Number(frame.readBigUInt64BE(INCARNATION_AT));
  const isAbout = kind === "ask" || kind === "answer";
  if (kind === undefined || !ID.test(from) || !ID.test(to) || (isAbout ? !ID.test(about) : about !== NO_ID)) return "malformed";
  if (!Number.isSafeInteger(incarnation)) return "malformed";
  return {
    kind,
    nonce: frame.readUIntBE(NONCE_AT, NONCE_BYTES),
    from,
    incarnation,
    to,
    about: isAbout ? about : null,
    reached: frame[REACHED_AT] === 1,
    bytes: frame.length - ETHERNET_BYTES,
  };
}

function tagOf(frame: Buffer, key: Uint8Array): Buffer {
  const hmac = createHmac("sha256", key).update(frame.subarray(0, TAG_AT)).update(frame.subarray(FRAME_BYTES_MIN));
  return hmac.digest().subarray(0, TAG_BYTES);
}
