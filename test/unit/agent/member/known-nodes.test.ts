import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { KnownNodes } from "../../../../host/agent/member/known-nodes.ts";
import { nodeRecord } from "../../follow/records.ts";

let directory: string;
let file: string;
const failures: string[] = [];
const open = (path = file) => new KnownNodes(path, (why) => failures.push(why));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-nodes-"));
  file = join(directory, "nodes.json");
  failures.length = 0;
});
afterEach(() => rmSync(directory, { recursive: true }));

test("what was kept is read by the next", () => {
  const nodes = [nodeRecord("b", "10.99.0.2"), nodeRecord("c", "10.99.0.3")];
  open().save(nodes);
  expect(open().read()).toEqual(nodes);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("nothing is written while nothing changes", () => {
  const known = open();
  known.save([nodeRecord("b", "10.99.0.2")]);
  const { ino } = statSync(file);
  known.save([nodeRecord("b", "10.99.0.2")]);
  expect(statSync(file).ino).toBe(ino);
  known.save([nodeRecord("b", "10.99.0.7")]);
  expect(open().read()).toEqual([nodeRecord("b", "10.99.0.7")]);
});

test.each(["", "[{", "{}", "null"])("a damaged file counts as none: %j", (text) => {
  writeFileSync(file, text);
  expect(open().read()).toEqual([]);
});

test("a file that cannot be written is told, and had as soon as it can be", () => {
  const later = join(directory, "missing", "nodes.json");
  const known = open(later);
  known.again();
  known.save([nodeRecord("b", "10.99.0.2")]);
  expect(failures).toEqual([expect.stringContaining("nodes.json")]);
  mkdirSync(join(directory, "missing"));
  known.again();
  expect(open(later).read()).toEqual([nodeRecord("b", "10.99.0.2")]);
  const { ino } = statSync(later);
  known.again();
  expect(statSync(later).ino).toBe(ino);
  expect(failures).toHaveLength(1);
});
