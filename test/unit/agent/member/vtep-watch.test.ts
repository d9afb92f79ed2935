import { expect, test } from "vitest";
import { vtepWatch } from "../../../../host/agent/member/vtep-watch.ts";

test("it is looked at once, and when there is news; each change is told once", () => {
  const told: string[] = [];
  let looks = 0;
  let news = false;
  let present: boolean | null = true;
  const look = vtepWatch({
    vtep: "10.0.0.1",
    changed: () => news,
    present: () => {
      looks++;
      if (present === null) throw new Error("out of memory");
      return present;
    },
    log: { info: () => told.push("back"), error: () => told.push("gone") },
  });
  look();
  present = false;
  look();
  expect([looks, told]).toEqual([1, []]);
  news = true;
  look();
  look();
  expect([looks, told]).toEqual([3, ["gone"]]);
  // What could not be looked at is still due.
  present = null;
  expect(look).toThrow("out of memory");
  present = true;
  news = false;
  look();
  look();
  expect([looks, told]).toEqual([5, ["gone", "back"]]);
});

test("one that is not there at the start is told", () => {
  const told: string[] = [];
  const log = { info: () => told.push("back"), error: () => told.push("gone") };
  vtepWatch({ vtep: "10.0.0.1", changed: () => false, present: () => false, log })();
  expect(told).toEqual(["gone"]);
});
