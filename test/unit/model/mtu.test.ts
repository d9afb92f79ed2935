import { describe, expect, test } from "vitest";
import { TX_TRAIN_BYTES_MAX } from "../../../assembly/abi/limits.ts";
import * as mtu from "../../../host/model/mtu.ts";
import fc from "../../oracle/property.ts";

describe("MTU", () => {
  test.each([
    [1500, 4, 1450],
    [1500, 6, 1430],
    [9000, 4, 8950],
    [9000, 6, 8930],
    [65536, 4, 65485],
  ] as const)("underlay %d over IPv%d gives %d", (underlay, family, overlay) => {
    expect(mtu.overlayMtuOf(mtu.underlayMtu(underlay), family)).toBe(overlay);
  });

  test("the overhead comes off and goes on again", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: mtu.OVERLAY_MTU_MIN, max: mtu.OVERLAY_MTU_MAX }),
        fc.constantFrom(4 as const, 6 as const),
        (bytes, family) => {
          const overlay = mtu.overlayMtu(bytes);
          expect(mtu.overlayMtuOf(mtu.underlayMtuFor(overlay, family), family)).toBe(bytes);
        },
      ),
    );
  });

  test("gso_max_segs: a superframe's segments, encapsulated, fit one send", () => {
    expect(mtu.gsoMaxSegments(mtu.overlayMtu(1450))).toBe(44);
    expect(mtu.gsoMaxSegments(mtu.overlayMtu(576))).toBe(64);
    expect(mtu.gsoMaxSegments(mtu.overlayMtu(mtu.OVERLAY_MTU_MAX))).toBe(1);
    fc.assert(
      fc.property(fc.integer({ min: mtu.OVERLAY_MTU_MIN, max: mtu.OVERLAY_MTU_MAX }), (bytes) => {
        const segments = mtu.gsoMaxSegments(mtu.overlayMtu(bytes));
        const encapsulated = bytes + 14 + 8;
        // One that is larger than a train goes alone.
        expect(segments === 1 || segments * encapsulated <= TX_TRAIN_BYTES_MAX).toBe(true);
        expect(segments === 64 || (segments + 1) * encapsulated > TX_TRAIN_BYTES_MAX).toBe(true);
      }),
    );
  });

  test.each([
    [() => mtu.overlayMtu(575), "MTU 575 is less than 576 bytes"],
    [() => mtu.overlayMtu(65486), "MTU 65486 is more than 65485 bytes"],
    [() => mtu.overlayMtu(1450.5), "MTU 1450.5 is not a whole number of bytes"],
    [() => mtu.overlayMtuOf(mtu.underlayMtu(600), 4), "MTU 550 is less than 576 bytes"],
    [() => mtu.underlayMtu(70000), "underlay MTU 70000 is more than 65536 bytes"],
  ])("%s is refused", (make, message) => {
    expect(make).toThrow(message);
  });
});
