// A manager's front: etcd's API over its backend, each call judged by the caller's certificate; operations; and joining, the one call without a
// certificate. One port, mutual TLS. Main thread.

import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import { stringifyInPieces } from "../model/pieces.ts";
import { Allowances } from "./allowance.ts";
import { authorised } from "./authorised.ts";
import type { Backend } from "./backend.ts";
import { type ClusterIds, callerOf, type MemberList, removedFailure } from "./front/caller.ts";
import { FrontCredentials, type LiveIdentity } from "./front/credentials.ts";
import { failureStatus } from "./front/failure.ts";
import {
  Control,
  DoAnswerSchema,
  type DoRequest,
  Join,
  JoinAnswerSchema,
  type JoinRequest,
  RenewAnswerSchema,
  type RenewRequest,
} from "./generated/weft_pb.js";
import { methodsOf } from "./grpc.ts";
import type { Caller } from "./rights.ts";
import { Guests } from "./serve/guests.ts";
import type { Call } from "./serve/handlers.ts";
import { type Served, serveBackend } from "./serve.ts";

export interface FrontOptions {
  backend: Backend;
  host: string;
  /** 0 = one that is free. */
  port: number;
  identity: LiveIdentity;
  /** Asked on every call. */
  cluster(): ClusterIds;
  members: MemberList;
  /** Does a manager's operation, whose input is JSON that nobody has checked; its errors reach the caller as they are. */
  control(caller: Caller, operation: string, inputJson: string): Promise<unknown>;
  join: {
    ask(request: JoinRequest): Promise<MessageInitShape<typeof JoinAnswerSchema>>;
    renew(caller: Caller, request: RenewRequest): Promise<MessageInitShape<typeof RenewAnswerSchema>>;
  };
  /** Milliseconds since 1970, for the ends of certificates. */
  now?: () => number;
}

/** Rejects with OperationError when it cannot listen. */
export async function startFront(options: FrontOptions): Promise<Served> {
  const { backend, host, port, cluster, members, control, join, now = Date.now } = options;
  const credentials = new FrontCredentials(options.identity);
  const allowances = new Allowances();
  const stays = new Map<string, AbortController>();
  const forget = members.onLeaving((nodeId) => {
    stays.get(nodeId)?.abort(removedFailure(nodeId));
    stays.delete(nodeId);
    allowances.forget(nodeId);
  });
  const guests = new Guests();
  const who = (call: Call): Caller => {
    guests.callOf(call.getPeer());
    const caller = callerOf(call, cluster(), members, now());
    guests.know(call.getPeer(), caller);
    return caller;
  };
  /** Aborted when the node is removed. */
  const stayOf = (nodeId: string): AbortSignal => {
    const stay = stays.get(nodeId) ?? new AbortController();
    stays.set(nodeId, stay);
    return stay.signal;
  };
  const served = await serveBackend({
    host,
    port,
    credentials,
    guests,
    backendFor: (call) => {
      const caller = who(call);
      return authorised(backend, caller, allowances.of(caller), stayOf(caller.nodeId));
    },
    services: [
      {
        definition: methodsOf(Control),
        implementation: {
          do: unary<DoRequest, unknown>(async (call) => {
            const { operation, inputJson } = call.request;
            const caller = who(call);
            const run = async () => {
              const output = await control(caller, operation, Buffer.from(inputJson).toString("utf8"));
              return create(DoAnswerSchema, { outputJson: Buffer.from(await stringifyInPieces(output ?? {})) });
            };
            return allowances.of(caller)?.operation(run) ?? run();
          }),
        },
      },
      {
        definition: methodsOf(Join),
        implementation: {
          ask: unary<JoinRequest, unknown>(async (call) => {
            guests.callOf(call.getPeer());
            return create(JoinAnswerSchema, await join.ask(call.request));
          }),
          renew: unary<RenewRequest, unknown>(async (call) => create(RenewAnswerSchema, await join.renew(who(call), call.request))),
        },
      },
    ],
  });
  return {
    port: served.port,
    async close() {
      forget();
      credentials.close();
      guests.close();
      await served.close();
    },
  };
}

function unary<Request, Answer>(run: (call: ServerUnaryCall<Request, Answer>) => Promise<Answer>): UntypedServiceImplementation[string] {
  return (call: ServerUnaryCall<Request, Answer>, callback: sendUnaryData<Answer>) => {
    run(call).then(
      (answer) => callback(null, answer),
      (error) => callback(failureStatus(error)),
    );
  };
}
