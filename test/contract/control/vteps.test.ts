import { afterEach, beforeEach, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import type { Vteps } from "../../../host/control/vteps.ts";
import { parseIp } from "../../../host/model/ip.ts";
import { LoopbackPlane, networkConfig, OWN } from "./plane.ts";

const [FIRST, SECOND] = ["127.0.0.2", "127.0.0.3"];

let open: LoopbackPlane;
let vteps: Vteps;
beforeEach(async () => {
  open = await LoopbackPlane.open([networkConfig()]);
  vteps = open.forwarding.vteps;
});
afterEach(() => open?.close());

const row = (index: number) => open.plane.entries.vtep(index);
const led = (address: string) => open.plane.tables.vtepAddress(parseIp(address));
/** What was withdrawn is freed at the end of any change. */
const settle = () => open.forwarding.apply(new Map(), new Map());

test("one that is placed is found by its address, its index and in the table", () => {
  const vtep = vteps.place(FIRST);
  expect(vteps.place(`::ffff:${FIRST}`)).toBe(vtep);
  expect([vteps.at(vtep.index), led(FIRST), row(vtep.index)[abi.V_FAMILY / 4]]).toEqual([vtep, vtep.index, 4]);
  expect(vteps.made).toBe(1);
});

test("this host's own address, and another family's, are no VTEP's", () => {
  expect(() => vteps.place(OWN)).toThrow(/this host's own/);
  expect(() => vteps.place("fd00::1")).toThrow(/family/);
  expect(() => vteps.place("somewhere")).toThrow(/not an IP address/);
  expect([vteps.all, led(OWN)]).toEqual([[], 0]);
});

test("one goes when nobody uses it any more; its index is another's only after a grace period", async () => {
  const vtep = vteps.place(FIRST);
  vteps.use(vtep, 3);
  vteps.unuse(vtep, 2);
  vteps.collect();
  expect(vteps.at(vtep.index)).toBe(vtep);
  vteps.unuse(vtep);
  vteps.use(vtep);
  vteps.collect();
  expect(vteps.at(vtep.index)).toBe(vtep);
  vteps.unuse(vtep);
  vteps.collect();
  expect([vteps.at(vtep.index), led(FIRST), row(vtep.index)[abi.V_FAMILY / 4]]).toEqual([undefined, undefined, 4]);
  expect(vteps.place(SECOND).index).not.toBe(vtep.index);
  await settle();
  expect(row(vtep.index)[abi.V_FAMILY / 4]).toBe(0);
  const again = vteps.place(FIRST);
  expect([again.index, again === vtep]).toEqual([vtep.index, false]);
});

test("those of learned addresses go when no entry names them", () => {
  const [first, second] = [vteps.place(FIRST), vteps.place(SECOND)];
  vteps.collect();
  expect(vteps.all).toHaveLength(2);
  vteps.collectUnused(new Set([second.index]));
  expect(vteps.all).toEqual([second]);
  expect(vteps.at(first.index)).toBeUndefined();
});

test("a path's MTU is not put right, everything else is", () => {
  const { index } = vteps.place(FIRST);
  open.plane.entries.setVtepMtu(index, 1300);
  expect(vteps.repair()).toBe(0);
  open.plane.entries.setVtepSuspended(index, true);
  expect([vteps.repair(), row(index)[abi.V_SUSPENDED / 4], vteps.repair()]).toEqual([1, 0, 0]);
});
