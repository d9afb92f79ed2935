import { expect, test } from "vitest";
import * as keys from "../../../host/model/cluster/keys.ts";
import { KEY_RIGHTS, mayTouch } from "../../../host/store/rights.ts";

const worker = { nodeId: "w1", role: "worker" } as const;
const manager = { nodeId: "m1", role: "manager" } as const;
const bytes = (text: string) => Buffer.from(text, "latin1");
const reads = (from: string, to = "") => mayTouch(worker, "read", bytes(from), bytes(to));
const writes = (from: string, to = "") => mayTouch(worker, "write", bytes(from), bytes(to));
/** As host/store/client asks for all that begin so. */
const end = (prefix: string) => prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

test("every kind of key has one row, and rows do not overlap", () => {
  const kinds = Object.values(keys).filter((value) => typeof value === "string" && value !== keys.ROOT);
  expect(KEY_RIGHTS.map((row) => row.keys).sort()).toEqual(kinds.sort());
  for (const row of KEY_RIGHTS) {
    expect(row.one).toBe(!row.keys.endsWith("/"));
    expect(KEY_RIGHTS.filter((other) => other !== row && !other.one && row.keys.startsWith(other.keys))).toEqual([]);
  }
});

test("a worker writes its own liveness and report, and nothing that looks like them", () => {
  expect([writes("/weft/v1/alive/w1"), writes("/weft/v1/report/w1")]).toEqual([true, true]);
  for (const key of [
    "/weft/v1/alive/w2",
    "/weft/v1/alive/w10",
    "/weft/v1/alive/w",
    "/weft/v1/alive/",
    "/weft/v1/alive/w1/x",
    "/weft/v1/alive/w1\0",
    "",
  ]) {
    expect([key, writes(key)]).toEqual([key, false]);
  }
  for (const to of ["\0", "/weft/v1/alive/w2", "/weft/v1/alive/w1\0", "a"])
    expect([to, writes("/weft/v1/alive/w1", to)]).toEqual([to, false]);
});

test("a worker's range lies within one kind", () => {
  expect(reads(keys.NODES, end(keys.NODES))).toBe(true);
  expect(reads(`${keys.NODES}a\0`, end(keys.NODES))).toBe(true);
  expect(reads(keys.NETWORKS, end(keys.NODES))).toBe(false);
  expect(reads(keys.ROOT, end(keys.ROOT))).toBe(false);
  expect(reads(keys.NODES, "\0")).toBe(false);
  expect(reads("\0", "\0")).toBe(false);
  expect(reads(keys.CLUSTER_KEY)).toBe(true);
  expect(reads(`${keys.CLUSTER_KEY}/x`)).toBe(false);
  expect(reads(keys.TOKENS, end(keys.TOKENS))).toBe(false);
  expect(reads(keys.tokenKey("worker"))).toBe(false);
  expect(reads(keys.REPORTS, end(keys.VNIS))).toBe(false);
});

test("no range of a worker has a key in it that it may not read", () => {
  const edges = [...KEY_RIGHTS.map((row) => row.keys), keys.tokenKey("manager"), keys.ROOT].flatMap((text) => [
    text,
    text.slice(0, -1),
    `${text}\0`,
    `${text}a`,
    end(text),
  ]);
  const texts = ["\0", "", "\xff", ...edges].map((text) => ({ text, bytes: bytes(text) }));
  const readable = new Set(texts.filter(({ text }) => reads(text)).map(({ text }) => text));
  let ranges = 0;
  for (const from of texts) {
    for (const to of texts.filter((other) => other.text !== "" && reads(from.text, other.text))) {
      ranges++;
      for (const inside of texts) {
        const covered = from.bytes.compare(inside.bytes) <= 0 && (to.text === "\0" || inside.bytes.compare(to.bytes) < 0);
        if (covered && !readable.has(inside.text)) expect.fail(`${from.text} up to ${to.text} has ${inside.text} in it`);
      }
    }
  }
  expect(ranges).toBeGreaterThan(100);
});

test("a manager may touch everything", () => {
  for (const access of ["read", "write"] as const) expect(mayTouch(manager, access, bytes(""), bytes("\0"))).toBe(true);
});
