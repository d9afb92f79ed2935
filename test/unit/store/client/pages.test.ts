// Pages at one revision, as large as a message may be.

import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { failure, GrpcFailure } from "../../../../host/store/backend.ts";
import { ahead, listAll, pagesOf } from "../../../../host/store/client/pages.ts";
import { type RangeRequest, RangeResponseSchema } from "../../../../host/store/generated/rpc_pb.js";

/** A range over the keys p0000, p0001, …; refuses what is larger than `largest`. */
function ranges(keys: number, largest = 1000) {
  const asked: RangeRequest[] = [];
  const all = Array.from({ length: keys }, (_, n) => `p${String(n).padStart(4, "0")}`);
  const range = async (request: RangeRequest) => {
    asked.push(request);
    const rest = all.filter((key) => Buffer.compare(Buffer.from(key), request.key) >= 0);
    const page = rest.slice(0, Number(request.limit));
    if (page.length > largest) throw new GrpcFailure(status.RESOURCE_EXHAUSTED, "Received message larger than max");
    const kvs = page.map((key) => ({ key: Buffer.from(key) }));
    return create(RangeResponseSchema, {
      header: { revision: 7n + BigInt(asked.length), clusterId: 9n },
      kvs,
      more: page.length < rest.length,
    });
  };
  return { asked, range, all };
}

test("all pages are of the first one's revision", async () => {
  const { asked, range, all } = ranges(9000, 4000);
  const { revision, clusterId, entries } = await listAll(range, "p", true);
  expect([revision, clusterId, entries.map(({ key }) => key)]).toEqual([8, 9n, all]);
  expect(asked.map((request) => [request.revision, request.keysOnly])).toEqual([
    [0n, true],
    [8n, true],
    [8n, true],
  ]);
});

test("a page that is too large is asked for by halves", async () => {
  const { asked, range, all } = ranges(300, 130);
  expect((await listAll(range, "p")).entries.length).toBe(all.length);
  expect(asked.map(({ limit }) => limit)).toEqual([1000n, 500n, 250n, 125n, 125n, 125n]);
});

test("one entry that is too large is an error, and so is any other failure", async () => {
  await expect(listAll(ranges(3, 0).range, "p")).rejects.toThrow("larger than max");
  await expect(listAll(() => Promise.reject(failure("compacted")), "p")).rejects.toThrow("compacted");
});

test("a page is asked for when the one before has been taken, and of the revision that is given", async () => {
  const { asked, range, all } = ranges(2500);
  const pages = pagesOf(range, "p", { revision: 5 });
  const { value } = await pages.next();
  expect([value?.revision, value?.entries.length, asked.length]).toEqual([5, 1000, 1]);
  const keys = value?.entries.map(({ key }) => key) ?? [];
  for await (const { entries } of pages) keys.push(...entries.map(({ key }) => key));
  expect(keys).toEqual(all);
  expect(asked.map(({ revision }) => revision)).toEqual([5n, 5n, 5n]);
  expect(await pagesOf(ranges(0).range, "p").next()).toMatchObject({ done: false, value: { entries: [] } });
});

test("the next page is on its way while one is used, and no more than that", async () => {
  const { asked, range, all } = ranges(3500);
  const keys: string[] = [];
  const pages = ahead(pagesOf(range, "p"));
  for (let used = 1; used <= 4; used++) {
    const { value } = await pages.next();
    keys.push(...(value?.entries.map(({ key }) => key) ?? []));
    expect(asked.length).toBe(Math.min(used + 1, 4));
  }
  expect([(await pages.next()).done, keys]).toEqual([true, all]);
});

test("a page that fails ahead of its time harms nobody who does not come to it", async () => {
  const { range } = ranges(2500);
  const failing = (request: RangeRequest) => (request.revision === 0n ? range(request) : Promise.reject(failure("compacted")));
  const pages = ahead(pagesOf(failing, "p"));
  expect((await pages.next()).value?.entries.length).toBe(1000);
  await expect(pages.next()).rejects.toThrow("compacted");
  const left = ahead(pagesOf(failing, "p"));
  await left.next();
  await left.return();
});
