import { expect, test } from "vitest";
import { Probe } from "../../oracle/probe.ts";
import { vxlan } from "../../oracle/wire.ts";

const probe = new Probe();
const none = new Uint8Array(0);
const VNIS = [0, 1, 42, 0x123456, 0x800000, 0xffffff];

test("a header is written and read as RFC 7348 section 5 draws it", () => {
  for (const vni of VNIS) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, probe.u64("vxlanHeader", vni), true);
    expect(bytes).toEqual(vxlan(vni, none));
    const at = probe.put(bytes, 6);
    expect([probe.call.vxlanHasVni(at), probe.call.vxlanHasReserved(at), probe.call.vxlanVni(at)]).toEqual([1, 0, vni]);
  }
});

test("each of the 64 bits is the I flag, reserved or the VNI's", () => {
  for (let bit = 0; bit < 64; bit++) {
    const bytes = new Uint8Array(8);
    bytes[bit >> 3] = 0x80 >> (bit & 7);
    const at = probe.put(bytes);
    const isFlag = bit === 4;
    const isVni = bit >= 32 && bit < 56;
    const found = [probe.call.vxlanHasVni(at), probe.call.vxlanHasReserved(at), probe.call.vxlanVni(at)];
    expect(found, `bit ${bit}`).toEqual([isFlag ? 1 : 0, isFlag || isVni ? 0 : 1, isVni ? 2 ** (55 - bit) : 0]);
  }
});
