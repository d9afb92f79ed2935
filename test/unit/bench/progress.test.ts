import { expect, test } from "vitest";
import { Progress } from "../../../bench/progress.ts";

const task = (peer: string, section = "core") => ({ section, suite: "core", peer, guessSeconds: 10 });

test("what was not seen takes as long as was guessed, what was seen as long as it took on average", () => {
  const progress = new Progress([task("a"), task("b"), task("a"), task("a")]);
  expect(progress.secondsLeft).toBe(40);
  progress.done("core", "a", 4);
  expect(progress.secondsLeft).toBe(10 + 4 + 4);
  progress.done("core", "b", 20);
  progress.done("core", "a", 6);
  expect(progress.secondsLeft).toBe(5);
  expect(`${progress}`).toBe("about 5 s left");
  progress.done("core", "a", 6);
  expect(`${progress}`).toBe("done");
  progress.done("core", "a", 6);
  expect(progress.secondsLeft).toBe(0);
});

test("a peer that is taken out leaves its section alone", () => {
  const progress = new Progress([task("a"), task("b"), task("a"), task("a", "core on another wire")]);
  progress.drop("core", "a");
  expect(progress.secondsLeft).toBe(20);
});

test("long waits are told in minutes", () => {
  expect(`${new Progress([{ ...task("a"), guessSeconds: 600 }])}`).toBe("about 10 min left");
});
