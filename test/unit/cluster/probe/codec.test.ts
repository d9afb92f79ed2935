import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { decodeProbe, encodeProbe, PROBE_BYTES_MIN } from "../../../../host/cluster/probe/codec.ts";
import type { ProbeMessage } from "../../../../host/cluster/probe/message.ts";
import { Random, seed } from "../../../oracle/random.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const MACS = { to: "02:00:00:00:00:01", from: "02:00:00:00:00:02" };
const FROM = "0123456789abcdefghijklmno";
const TO = "zyxwvutsrqponmlkjihgfedcb";
const ABOUT = "aaaaaaaaaaaaaaaaaaaaaaaaa";
const REQUEST: ProbeMessage = {
  kind: "request",
  nonce: 0x010203040506,
  from: FROM,
  incarnation: 7,
  to: TO,
  about: null,
  reached: false,
  bytes: PROBE_BYTES_MIN,
};
const ASK: ProbeMessage = { ...REQUEST, kind: "ask", about: ABOUT };

/** With its tag made anew, as whoever has the secret could. */
function signed(frame: Uint8Array, key = KEY): Uint8Array {
  const copy = Uint8Array.from(frame);
  const tag = createHmac("sha256", key).update(copy.subarray(0, 110)).update(copy.subarray(126)).digest().subarray(0, 16);
  copy.set(tag, 110);
  return copy;
}

test("version 1 is these bytes", () => {
  const hex = Buffer.from(encodeProbe({ ...ASK, bytes: PROBE_BYTES_MIN + 2 }, MACS, KEY)).toString("hex");
  const text = (id: string) => Buffer.from(id).toString("hex");
  expect(hex).toBe(
    `02000000000102000000000288b5${"01"}${"03"}${"010203040506"}${"0000000000000007"}` +
      `${text(FROM)}${text(TO)}${text(ABOUT)}${"00"}${"00000000"}${"4b035d99220ec45864569e7c7ecbe85c"}${"0000"}`,
  );
});

describe.each([112, 113, 500, 1450, 8950])("%i bytes", (bytes) => {
  test.each<ProbeMessage>([
    REQUEST,
    { ...REQUEST, kind: "reply", nonce: 2 ** 48 - 1 },
    ASK,
    { ...ASK, kind: "answer", reached: true, incarnation: Number.MAX_SAFE_INTEGER },
    { ...ASK, kind: "answer", nonce: 0, incarnation: 0 },
  ])("$kind comes out as it went in", (message) => {
    const frame = encodeProbe({ ...message, bytes }, MACS, KEY);
    expect(frame.length).toBe(14 + bytes);
    expect(decodeProbe(frame, KEY)).toEqual({ ...message, bytes });
  });
});

test("a message for which there is no room is as small as can be", () => {
  expect(encodeProbe({ ...REQUEST, bytes: 0 }, MACS, KEY).length).toBe(14 + PROBE_BYTES_MIN);
});

describe("what is no probe of this cluster", () => {
  const frame = encodeProbe({ ...ASK, bytes: 200 }, MACS, KEY);

  test("is told by any bit of it, padding and addresses too", () => {
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const changed = Uint8Array.from(frame);
      changed[bit >> 3] ^= 1 << (bit & 7);
      const wanted = bit >> 3 === 12 || bit >> 3 === 13 ? "malformed" : bit >> 3 === 14 ? "version" : "unauthentic";
      expect(`${bit} ${decodeProbe(changed, KEY)}`).toBe(`${bit} ${wanted}`);
    }
  });

  test("is told by its secret, and by every length", () => {
    expect(
      decodeProbe(
        frame,
        Uint8Array.from(KEY, (byte) => byte ^ 1),
      ),
    ).toBe("unauthentic");
    for (let length = 0; length < frame.length; length++) {
      expect(decodeProbe(frame.subarray(0, length), KEY)).toBe(length < 126 ? "malformed" : "unauthentic");
    }
  });

  test.each<[string, number, number[]]>([
    ["kind 0", 15, [0]],
    ["kind 5", 15, [5]],
    ["an incarnation past what can be counted", 22, [0x7f]],
    ["a sender that is no id", 30, [0x41]],
    ["a receiver that is no id", 55, [0]],
    ["nobody asked about", 80, Array(25).fill(0)],
  ])("%s is malformed, though signed", (_, at, bytes) => {
    const changed = Uint8Array.from(frame);
    changed.set(bytes, at);
    expect(decodeProbe(signed(changed), KEY)).toBe("malformed");
  });

  test("somebody asked about in a request is malformed", () => {
    const changed = Uint8Array.from(frame);
    changed[15] = 1;
    expect(decodeProbe(signed(changed), KEY)).toBe("malformed");
  });
});

test(`random bytes, signed or not, never throw, and what is read can be written (seed ${seed})`, () => {
  const random = new Random();
  const good = encodeProbe({ ...ASK, bytes: 300 }, MACS, KEY);
  let read = 0;
  for (let i = 0; i < 20_000; i++) {
    let frame = random.oneIn(2) ? random.bytes(random.below(400)) : Uint8Array.from(good);
    for (let change = random.below(4); change > 0 && frame.length > 0; change--) frame[random.below(frame.length)] = random.u32();
    if (frame.length >= 126 && random.oneIn(2)) frame = signed(frame);
    const message = decodeProbe(frame, KEY);
    if (typeof message === "string") continue;
    read++;
    expect(decodeProbe(encodeProbe(message, MACS, KEY), KEY)).toEqual(message);
  }
  expect(read).toBeGreaterThan(100);
});
