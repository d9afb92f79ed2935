// The search on paths whose narrowest link is known; what the kernel does is in test/netns/measure/path.test.ts.

import { describe, expect, test } from "vitest";
import { searchMtu } from "../../../host/measure/path-mtu.ts";
import fc from "../../oracle/property.ts";

/** Routers in a row; each says its MTU when a packet is too large for it, or keeps silent. */
function probeOf(mtus: readonly number[], telling = true) {
  const asked: number[] = [];
  const probe = (bytes: number) => {
    asked.push(bytes);
    const narrow = mtus.find((mtu) => mtu < bytes);
    return Promise.resolve(
      narrow === undefined ? ({ reply: true } as const) : ({ reply: false, toldMtu: telling ? narrow : null } as const),
    );
  };
  return { probe, asked };
}

describe("a path that tells", () => {
  test("the interface's own MTU fits: one packet", async () => {
    const { probe, asked } = probeOf([1500]);
    expect(await searchMtu(probe, 576, 1500)).toEqual({ bytes: 1500, blackHole: false });
    expect(asked).toEqual([1500]);
  });

  test("routers that are narrower and narrower: one packet each", async () => {
    const { probe, asked } = probeOf([1480, 1450, 1400]);
    expect(await searchMtu(probe, 576, 1500)).toEqual({ bytes: 1400, blackHole: false });
    expect(asked).toEqual([1500, 1480, 1450, 1400]);
  });

  test("one lost packet is no black hole", async () => {
    let lost = 1;
    expect(await searchMtu(() => Promise.resolve(lost-- > 0 ? { reply: false, toldMtu: null } : { reply: true }), 576, 1500)).toEqual({
      bytes: 1500,
      blackHole: false,
    });
  });

  test("an MTU that makes no sense is not believed", async () => {
    const lying = (toldMtu: number) =>
      searchMtu((bytes) => Promise.resolve(bytes > 1000 ? { reply: false, toldMtu } : { reply: true }), 576, 1500);
    for (const told of [0, 68, 1500, 9000]) expect(await lying(told)).toEqual({ bytes: 1000, blackHole: true });
  });
});

describe("a path that does not", () => {
  test("the size is found by trying, and it is said", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 576, max: 8999 }), async (mtu) => {
        const { probe, asked } = probeOf([mtu], false);
        expect(await searchMtu(probe, 576, 9000)).toEqual({ bytes: mtu, blackHole: true });
        expect(asked.length).toBeLessThan(20);
      }),
    );
  });

  test("nothing comes back at all", async () => {
    const { probe } = probeOf([0], false);
    expect(await searchMtu(probe, 576, 1500)).toEqual({ bytes: null, blackHole: false });
    expect(await searchMtu(probe, 576, 576)).toEqual({ bytes: null, blackHole: false });
  });
});
