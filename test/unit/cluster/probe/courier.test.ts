import { setImmediate as turn } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { Courier } from "../../../../host/cluster/probe/courier.ts";

let posted: string[];
let fresh: string[];
let courier: Courier<string>;
beforeEach(() => {
  posted = [];
  fresh = [];
  courier = new Courier<string>(
    (news) => posted.push(news),
    () => (fresh.length === 0 ? null : fresh.splice(0).join("+")),
  );
});

function happens(what: string): void {
  fresh.push(what);
  courier.due();
}

test("what happens in one turn goes as one message, at its end", async () => {
  happens("a");
  happens("b");
  expect(posted).toEqual([]);
  await turn();
  expect(posted).toEqual(["a+b"]);
});

test("what happens while one is on its way waits until that is taken, however much it is", async () => {
  happens("a");
  await turn();
  for (const what of "bcdefg") {
    happens(what);
    await turn();
  }
  expect(posted).toEqual(["a"]);
  courier.taken();
  expect(posted).toEqual(["a", "b+c+d+e+f+g"]);
  courier.taken();
  await turn();
  expect(posted).toHaveLength(2);
  happens("h");
  await turn();
  expect(posted).toEqual(["a", "b+c+d+e+f+g", "h"]);
});

test("nothing new is no message, and nothing is waited for", async () => {
  courier.due();
  await turn();
  expect(posted).toEqual([]);
  happens("a");
  await turn();
  expect(posted).toEqual(["a"]);
});
