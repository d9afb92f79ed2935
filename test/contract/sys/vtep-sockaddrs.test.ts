import { expect, test } from "vitest";
import { H_VTEP, HEADER } from "../../../assembly/abi/layout.ts";
import { VtepSockaddrs } from "../../../host/sys/vtep-sockaddrs.ts";
import { Stage } from "./stage.ts";

test("finds VTEPs of its family, and notices a change by the generation", () => {
  const stage = new Stage();
  const vteps = new VtepSockaddrs(stage.region, 4);
  stage.vtep(1, "10.0.0.1", 4789);
  stage.vtep(2, "2001:db8::1", 4789);
  vteps.refresh();
  expect([vteps.find(0), vteps.find(1), vteps.find(2), vteps.find(3)]).toEqual([false, true, false, false]);
  expect(vteps.low(2) - vteps.low(1)).toBe(32);

  stage.vtep(3, "10.0.0.3", 4789);
  expect(vteps.find(3)).toBe(true);
  stage.vtep(1, "10.0.0.1", 4789, 0);
  expect(vteps.find(1)).toBe(true);
  vteps.refresh();
  expect(vteps.find(1)).toBe(false);
});

test("a table outside the memory holds nothing", () => {
  const stage = new Stage();
  stage.set(HEADER + H_VTEP, -64);
  const vteps = new VtepSockaddrs(stage.region, 6);
  vteps.refresh();
  expect(vteps.find(0)).toBe(false);
});
