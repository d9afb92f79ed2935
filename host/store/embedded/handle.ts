// Each method of etcd's API on the engine. Throws Refused. Store's thread.

import type { LeaseTimeToLiveResponse, PutRequest, RequestOp } from "../generated/rpc_pb.js";
import type { Answer, Call } from "./call.ts";
import { checkDelete, checkPut, checkTxn } from "./check.ts";
import type { Engine } from "./engine.ts";
import { checkRange } from "./range.ts";
import { Refused } from "./refused.ts";

/** The release of etcd whose API this is: `etcdctl endpoint status` shows it. */
const API_VERSION = "3.4.0";
/** etcd's --max-request-bytes. */
const REQUEST_BYTES_MAX = 1.5 * 1024 ** 2;

export function handle(engine: Engine, { method, request }: Call): Answer {
  switch (method) {
    case "range":
      checkRange(request);
      return engine.change((transaction) => transaction.range(request));
    case "put":
      checkPut(request);
      checkSize(bytesOfPut(request));
      return engine.change((transaction) => transaction.put(request));
    case "deleteRange":
      checkDelete(request);
      return engine.change((transaction) => transaction.deleteRange(request));
    case "txn":
      checkTxn(request);
      checkSize(sum([...request.success, ...request.failure].map(bytesOfOperation)));
      return engine.change((transaction) => transaction.txn(request));
    case "compact":
      engine.compact(request.revision);
      return { $typeName: "etcdserverpb.CompactionResponse", header: header(engine) };
    case "leaseGrant": {
      if (engine.isFull) throw new Refused("noSpace");
      const { id, ttl } = engine.leases.grant(request.ID, request.TTL);
      return { $typeName: "etcdserverpb.LeaseGrantResponse", header: header(engine), ID: id, TTL: ttl, error: "" };
    }
    case "leaseRevoke":
      engine.change((transaction) => transaction.endLease(request.ID));
      return { $typeName: "etcdserverpb.LeaseRevokeResponse", header: header(engine) };
    case "leaseKeepAlive": {
      const { ID } = request;
      return { $typeName: "etcdserverpb.LeaseKeepAliveResponse", header: header(engine), ID, TTL: engine.leases.keep(ID) };
    }
    case "leaseTimeToLive":
      return timeToLive(engine, request.ID, request.keys);
    case "leaseLeases": {
      const leases = engine.leases.ids().map((ID) => ({ $typeName: "etcdserverpb.LeaseStatus" as const, ID }));
      return { $typeName: "etcdserverpb.LeaseLeasesResponse", header: header(engine), leases };
    }
    case "status":
      return status(engine);
  }
}

function header(engine: Engine) {
  return engine.header(engine.revision);
}

function timeToLive(engine: Engine, ID: bigint, withKeys: boolean): LeaseTimeToLiveResponse {
  const left = engine.leases.left(ID);
  const keys = left && withKeys ? engine.keys.keysOf(ID).map(({ key }) => key) : [];
  const [TTL, grantedTTL] = left ? [left.seconds, left.granted] : [-1n, 0n];
  return { $typeName: "etcdserverpb.LeaseTimeToLiveResponse", header: header(engine), ID, TTL, grantedTTL, keys };
}

function status(engine: Engine): Answer {
  const { total, used } = engine.size();
  const { memberId } = engine.identity;
  return {
    $typeName: "etcdserverpb.StatusResponse",
    header: header(engine),
    version: API_VERSION,
    dbSize: total,
    dbSizeInUse: used,
    leader: memberId,
    raftIndex: engine.revision,
    raftAppliedIndex: engine.revision,
    raftTerm: header(engine).raftTerm,
    errors: engine.isFull ? ["NOSPACE"] : [],
    isLearner: false,
  };
}

function checkSize(bytes: number): void {
  if (bytes > REQUEST_BYTES_MAX) throw new Refused("requestTooLarge");
}

const bytesOfPut = ({ key, value }: PutRequest) => key.length + value.length;
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

function bytesOfOperation({ request }: RequestOp): number {
  if (request.case === "requestPut") return bytesOfPut(request.value);
  if (request.case === "requestTxn") return sum([...request.value.success, ...request.value.failure].map(bytesOfOperation));
  return request.value?.key.length ?? 0;
}
