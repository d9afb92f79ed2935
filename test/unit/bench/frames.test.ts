import { expect, test } from "vitest";
import { FRAME_SIZES } from "../../../bench/suites/frames.ts";

const INNER_MTU = 1450;

test("the smallest Ethernet frame has 18 bytes of UDP payload", () => {
  expect(FRAME_SIZES.find(({ name }) => name === "64")?.payloads).toEqual([18]);
});

test("every packet fits the overlay", () => {
  for (const { payloads } of FRAME_SIZES) for (const payload of payloads) expect(payload + 20 + 8).toBeLessThanOrEqual(INNER_MTU);
});

test("the mix is 7 : 4 : 1", () => {
  const mix = FRAME_SIZES.find(({ name }) => name === "IMIX")!.payloads;
  const count = (size: number) => mix.filter((payload) => payload === size - 46).length;
  expect([count(64), count(594), count(1448), mix.length]).toEqual([7, 4, 1, 12]);
});
