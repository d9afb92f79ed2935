// Everything under a prefix at one revision, a page at a time: 30,000 keys are 9 MB, more than one message should be. Main thread.

import { setImmediate as turn } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import type { Entry, PagesOptions, Range } from "../../model/cluster/store.ts";
import { type RangeRequest, RangeRequestSchema, type RangeResponse } from "../generated/rpc_pb.js";
import { isStatus } from "./reasons.ts";
import { entryOf, keyAfter, rangeOf } from "./translate.ts";

/** Entries of a page to begin with; halved when a page is too large for a message. */
const PAGE_ENTRIES = 1000;
/** Where no values come with them. */
const PAGE_KEYS = 4000;

export interface Listing extends Range {
  /** etcd's id of the cluster that answered. */
  clusterId: bigint;
}

type Ask = (request: RangeRequest) => Promise<RangeResponse>;

/** @throws GrpcFailure, "compacted" too when it took so long that its revision is gone */
export async function listAll(range: Ask, prefix: string, keysOnly = false): Promise<Listing> {
  const entries: Entry[] = [];
  let last = { revision: 0, clusterId: 0n };
  for await (const page of pagesOf(range, prefix, { keysOnly })) {
    last = page;
    for (const entry of page.entries) entries.push(entry);
  }
  return { ...last, entries };
}

/** The same a page at a time, at least one. The next is asked for once it is wanted. */
export async function* pagesOf(
  range: Ask,
  prefix: string,
  { keysOnly = false, revision = 0 }: PagesOptions = {},
): AsyncGenerator<Listing, void> {
  const { key: first, rangeEnd } = rangeOf(prefix);
  let key = first;
  let at = BigInt(revision);
  let limit = keysOnly ? PAGE_KEYS : PAGE_ENTRIES;
  for (;;) {
    const request = create(RangeRequestSchema, { key, rangeEnd, revision: at, keysOnly, limit: BigInt(limit) });
    let page: RangeResponse;
    try {
      page = await range(request);
    } catch (error) {
      if (limit === 1 || !isTooLarge(error)) throw error;
      limit = Math.ceil(limit / 2);
      continue;
    }
    if (at === 0n) at = page.header?.revision ?? 0n;
    yield { revision: Number(at), entries: page.kvs.map(entryOf), clusterId: page.header?.clusterId ?? 0n };
    if (!page.more || page.kvs.length === 0) return;
    key = keyAfter(page.kvs[page.kvs.length - 1].key);
  }
}

/** Pages of which the next is on its way while one is used. */
export async function* ahead(pages: AsyncGenerator<Listing, void>): AsyncGenerator<Listing, void> {
  let next = pages.next();
  for (;;) {
    const { done, value } = await next;
    if (done) return;
    next = pages.next();
    // It may fail when nobody waits for it any more.
    next.catch(() => {});
    // What asks for it is written to the connection only now.
    await turn();
    yield value;
  }
}

function isTooLarge(error: unknown): boolean {
  return isStatus(error) && error.code === status.RESOURCE_EXHAUSTED;
}
