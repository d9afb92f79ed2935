// What an earlier agent left, by its record: namespaces that are gone, and their interfaces with them, and a path that leads to none.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Leftovers } from "../../../host/control/leftovers.ts";
import { type PortPlace, readRecord } from "../../../host/control/port-record.ts";

let directory: string;
let record: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-leftovers-"));
  record = join(directory, "ports.json");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const place = (number: number): PortPlace => ({ netnsPath: join(directory, `gone-${number}`), interface: "eth0" });

test("what one agent wanted is left for the next, but for what that wants as well", () => {
  new Leftovers(record).remember([place(1), place(2)]);
  const next = new Leftovers(record);
  expect(next.take(place(1))).toBe(true);
  expect(next.take(place(1))).toBe(false);
  expect(next.take({ ...place(2), interface: "eth1" })).toBe(false);
  next.remember([place(1)]);
  expect(readRecord(record)).toEqual([place(1), place(2)]);
});

test("each is removed once, and told of; one that cannot be is not tried for ever", async () => {
  new Leftovers(record).remember([place(1)]);
  const next = new Leftovers(record);
  const other = place(3);
  writeFileSync(other.netnsPath, "no namespace");
  next.add(other);
  const told: [PortPlace, string | undefined][] = [];
  const tell = (left: PortPlace, why?: string) => void told.push([left, why]);
  await next.clear(tell);
  await next.clear(tell);
  expect(told).toEqual([
    [place(1), undefined],
    [other, expect.stringContaining("gone-3")],
  ]);
});

test("when there are none and none will be, there is no record", async () => {
  const leftovers = new Leftovers(record);
  leftovers.remember([place(1)]);
  expect(existsSync(record)).toBe(true);
  leftovers.remember([]);
  expect(existsSync(record)).toBe(false);
});
