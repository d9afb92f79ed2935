import { beforeEach, expect, test } from "vitest";
import { Ends } from "../../../host/sandbox/ends.ts";
import type { Run } from "../../../host/sandbox/run.ts";

let run: Run | Error;
let told: string[];
let ends: Ends;
const RUNNING: Run = { state: "running", pid: 1, startedAt: "" };
const EXITED: Run = { state: "exited", startedAt: "", finishedAt: "", exitCode: 7, error: "" };

beforeEach(() => {
  run = RUNNING;
  told = [];
  const read = () => {
    if (run instanceof Error) throw run;
    return run;
  };
  ends = new Ends(
    read,
    (id) => told.push(`${id} ended`),
    (id, why) => told.push(`${id}: ${why}`),
  );
  return () => ends.close();
});

test("everyone who waits is told, and the handler once", async () => {
  const early = ends.wait("c1");
  ends.follow("c1", "/nonesuch");
  const late = ends.wait("c1");
  expect(told).toEqual([]);
  run = EXITED;
  ends.look("c1");
  ends.look("c1");
  expect(await Promise.all([early, late])).toEqual([7, 7]);
  expect(told).toEqual(["c1 ended"]);
});

test("one that has ended before it was followed is told at once; one that is not followed, never", () => {
  run = EXITED;
  ends.look("c1");
  expect(told).toEqual([]);
  ends.follow("c1", "/nonesuch");
  expect(told).toEqual(["c1 ended"]);
});

test("whoever goes, or is told that it is gone, waits no more", async () => {
  const gone = new AbortController();
  const left = expect(ends.wait("c1", gone.signal)).rejects.toThrow("left");
  const stayed = expect(ends.wait("c1")).rejects.toThrow("removed");
  gone.abort(new Error("left"));
  await left;
  ends.forget("c1", new Error("removed"));
  await stayed;
  await expect(ends.wait("c1", gone.signal)).rejects.toThrow("left");
});

test("what cannot be read is told, and read again", () => {
  ends.follow("c1", "/nonesuch");
  run = new Error("too many open files");
  ends.look("c1");
  run = EXITED;
  ends.look("c1");
  expect(told).toEqual(["c1: too many open files", "c1 ended"]);
});
