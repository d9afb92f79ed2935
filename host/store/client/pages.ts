// Everything under a prefix at one revision, a page at a time: 30,000 keys are 9 MB, more than one message should be. Main thread.

import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import type { Entry, Range } from "../../model/cluster/store.ts";
import { type RangeRequest, RangeRequestSchema, type RangeResponse } from "../generated/rpc_pb.js";
import { isStatus } from "./reasons.ts";
import { entryOf, keyAfter, rangeOf } from "./translate.ts";

/** Keys of a page to begin with; halved when a page is too large for a message. */
const PAGE_KEYS = 1000;

export interface Listing extends Range {
  /** etcd's id of the cluster that answered. */
  clusterId: bigint;
}

/** @throws GrpcFailure, "compacted" too when it took so long that its revision is gone */
export async function listAll(
  range: (request: RangeRequest) => Promise<RangeResponse>,
  prefix: string,
  keysOnly = false,
): Promise<Listing> {
  const entries: Entry[] = [];
  const { key: first, rangeEnd } = rangeOf(prefix);
  let key = first;
  let revision = 0n;
  let limit = PAGE_KEYS;
  for (;;) {
    const request = create(RangeRequestSchema, { key, rangeEnd, revision, keysOnly, limit: BigInt(limit) });
    let page: RangeResponse;
    try {
      page = await range(request);
    } catch (error) {
      if (limit === 1 || !isTooLarge(error)) throw error;
      limit = Math.ceil(limit / 2);
      continue;
    }
    if (revision === 0n) revision = page.header?.revision ?? 0n;
    for (const kv of page.kvs) entries.push(entryOf(kv));
    if (!page.more || page.kvs.length === 0) return { revision: Number(revision), entries, clusterId: page.header?.clusterId ?? 0n };
    key = keyAfter(page.kvs[page.kvs.length - 1].key);
  }
}

function isTooLarge(error: unknown): boolean {
  return isStatus(error) && error.code === status.RESOURCE_EXHAUSTED;
}
