// What is wrong with a request before anything is looked up: etcd's checks (server/etcdserver/api/v3rpc/key.go), in etcd's order. Store's thread.

import type { PutRequest, RequestOp, TxnRequest } from "../generated/rpc_pb.js";
import { contains, type Interval, intervalOf } from "./interval.ts";
import { checkRange } from "./range.ts";
import { Refused } from "./refused.ts";

/** etcd's --max-txn-ops. */
const OPERATIONS_MAX = 128;

export function checkPut({ key, value, lease, ignoreValue, ignoreLease }: PutRequest): void {
  if (key.length === 0) throw new Refused("emptyKey");
  if (ignoreValue && value.length > 0) throw new Refused("valueProvided");
  if (ignoreLease && lease !== 0n) throw new Refused("leaseProvided");
}

export function checkDelete({ key }: { key: Uint8Array }): void {
  if (key.length === 0) throw new Refused("emptyKey");
}

export function checkTxn(request: TxnRequest): void {
  checkOperations(request, OPERATIONS_MAX);
  changesOf(request.success);
  changesOf(request.failure);
}

function checkOperations({ compare, success, failure }: TxnRequest, operationsMax: number): void {
  const operations = Math.max(compare.length, success.length, failure.length);
  if (operations > operationsMax) throw new Refused("tooManyOperations");
  for (const { key } of compare) if (key.length === 0) throw new Refused("emptyKey");
  for (const operation of [...success, ...failure]) checkOperation(operation, operationsMax - operations);
}

function checkOperation({ request }: RequestOp, operationsMax: number): void {
  if (request.case === "requestRange") checkRange(request.value);
  else if (request.case === "requestPut") checkPut(request.value);
  else if (request.case === "requestDeleteRange") checkDelete(request.value);
  else if (request.case === "requestTxn") checkOperations(request.value, operationsMax);
  else throw new Refused("keyNotFound");
}

interface Changes {
  /** As text in which each byte is a character: a Set knows those by value. */
  puts: Set<string>;
  deletes: Interval[];
}

const asText = (key: Uint8Array) => Buffer.from(key).toString("latin1");
const asBytes = (text: string) => Buffer.from(text, "latin1");

/** The keys that a list of operations may change. No key may be put twice, nor put and deleted: all changes are of one revision. */
function changesOf(operations: RequestOp[]): Changes {
  const all: Changes = { puts: new Set(), deletes: [] };
  for (const { request } of operations)
    if (request.case === "requestDeleteRange") all.deletes.push(intervalOf(request.value.key, request.value.rangeEnd));
  for (const { request } of operations) if (request.case === "requestTxn") addBranches(all, request.value);
  for (const { request } of operations) {
    if (request.case !== "requestPut") continue;
    const key = asText(request.value.key);
    if (all.puts.has(key)) throw new Refused("duplicateKey");
    addPut(all, key);
  }
  return all;
}

/** Of a transaction's two branches one is done: both may put the same key. */
function addBranches(all: Changes, { success, failure }: TxnRequest): void {
  const branches = [changesOf(success), changesOf(failure)];
  const before = new Set(all.puts);
  for (const { puts } of branches)
    for (const key of puts) {
      if (before.has(key)) throw new Refused("duplicateKey");
      addPut(all, key);
    }
  for (const interval of branches.flatMap(({ deletes }) => deletes)) {
    if (before.values().some((key) => contains(interval, asBytes(key)))) throw new Refused("duplicateKey");
    all.deletes.push(interval);
  }
}

function addPut(all: Changes, key: string): void {
  if (all.deletes.some((interval) => contains(interval, asBytes(key)))) throw new Refused("duplicateKey");
  all.puts.add(key);
}
