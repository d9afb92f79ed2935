import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type NodeState, parseNode, StateDir } from "../../../host/cluster/state-dir.ts";

const NODE: NodeState = {
  id: "n1",
  name: "one",
  clusterId: "c1",
  role: "manager",
  managers: ["10.99.0.1:2377"],
  vtep: "10.99.0.1",
  incarnation: 0,
};

let base: string;
let opened: StateDir[];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "weft-state-"));
  opened = [];
});
afterEach(() => {
  for (const state of opened) state.close();
  rmSync(base, { recursive: true });
});

function open(path = join(base, "state")): StateDir {
  const state = StateDir.open(path);
  opened.push(state);
  return state;
}

test("it is made 0700, its files 0600, and what is written is read", () => {
  const path = join(base, "made", "here");
  const state = open(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect([state.node(), state.key(), state.nextIncarnation(), state.unused()]).toEqual([null, null, null, true]);
  state.writeKey("key");
  state.writeCertificate("certificate");
  state.writeAuthority("ca");
  state.writeAuthorityKey("ca key");
  state.writeRestored("entries");
  expect(state.unused()).toBe(true);
  state.writeNode(NODE);
  for (const name of ["node.json", "key.pem", "cert.pem", "ca.pem", "ca.key", "restored"]) {
    expect([name, statSync(join(path, name)).mode & 0o777]).toEqual([name, 0o600]);
  }
  expect([state.key(), state.certificate(), state.authority(), state.authorityKey(), state.restored()]).toEqual([
    "key",
    "certificate",
    "ca",
    "ca key",
    "entries",
  ]);
  expect(state.node()).toEqual(NODE);
  expect(state.unused()).toBe(false);
  state.removeRestored();
  expect(state.restored()).toBe(null);
  state.forget();
  expect([state.node(), state.key(), state.unused()]).toEqual([null, null, true]);
});

test("the incarnation grows with each start", () => {
  const state = open();
  state.writeNode(NODE);
  expect([state.nextIncarnation()?.incarnation, state.nextIncarnation()?.incarnation, state.node()?.incarnation]).toEqual([1, 2, 2]);
});

test("a directory that somebody else uses for something is made private, and is not unused", () => {
  const path = join(base, "theirs");
  mkdirSync(path, { mode: 0o755 });
  writeFileSync(join(path, "store.sqlite"), "");
  expect(open(path).unused()).toBe(false);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test("what was made for it and has remained empty goes with it", () => {
  StateDir.open(join(base, "made", "deep", "state")).close();
  expect(readdirSync(base)).toEqual([]);
  const theirs = join(base, "theirs");
  mkdirSync(theirs);
  StateDir.open(theirs).close();
  expect(readdirSync(theirs)).toEqual([]);
});

test("what is used stays, and so does what was there before", () => {
  const state = StateDir.open(join(base, "used"));
  state.writeKey("key");
  state.close();
  expect(readdirSync(state.path).sort()).toEqual(["key.pem", "lock"]);
  const again = StateDir.open(state.path);
  again.removeKey();
  again.close();
  expect(readdirSync(state.path)).toEqual(["lock"]);
});

test("a second user is refused by name", () => {
  const path = join(base, "state");
  open(path);
  expect(() => open(path)).toThrow(`state directory ${path}: in use by weft (pid ${process.pid})`);
  expect(() => open(join(base, "state", "lock"))).toThrow(/^state directory .*lock: /);
});

test.each([
  ["{", "not JSON"],
  ["null", "not an object"],
  [JSON.stringify({ ...NODE, id: "" }), "id is missing"],
  [JSON.stringify({ ...NODE, clusterId: 7 }), "clusterId is missing"],
  [JSON.stringify({ ...NODE, role: "boss" }), "role is neither worker nor manager"],
  [JSON.stringify({ ...NODE, incarnation: "1" }), "incarnation is not a number"],
  [JSON.stringify({ ...NODE, managers: [1] }), "managers is not a list of HOST:PORT"],
])("a damaged node.json is refused: %s", (text, message) => {
  expect(() => parseNode(text, "/x/node.json")).toThrow(`/x/node.json: damaged: ${message}`);
});

test("fields that it does not know are kept", () => {
  expect(parseNode(JSON.stringify({ ...NODE, newer: 1 }), "x")).toHaveProperty("newer", 1);
});
