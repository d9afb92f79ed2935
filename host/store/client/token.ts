// The token that a real etcd with users wants on each call. It is asked for with name and password, and again when etcd does not know it any
// more (it forgets one that was not used for minutes, and all when it restarts). Main thread.

import { create } from "@bufbuild/protobuf";
import { Metadata, status } from "@grpc/grpc-js";
import { GrpcFailure } from "../backend.ts";
import { Auth, AuthenticateRequestSchema } from "../generated/rpc_pb.js";
import { methodsOf } from "../grpc.ts";
import type { Channel } from "./channel.ts";
import { detailsOf, isAway, isStatus } from "./reasons.ts";

export interface User {
  name: string;
  password: string;
}

export class Token {
  readonly #user: User;
  #asked: Promise<string> | null = null;

  constructor(user: User) {
    this.#user = user;
  }

  /** "" when etcd has no users, and wants no token. */
  get(channel: Channel, deadlineMs: number): Promise<string> {
    if (this.#asked) return this.#asked;
    const asked = this.#ask(channel, deadlineMs);
    this.#asked = asked;
    asked.catch(() => {
      if (this.#asked === asked) this.#asked = null;
    });
    return asked;
  }

  async #ask(channel: Channel, deadlineMs: number): Promise<string> {
    const request = create(AuthenticateRequestSchema, this.#user);
    try {
      return (await channel.unary(methodsOf(Auth).authenticate, request, new Metadata(), deadlineMs)).token;
    } catch (error) {
      if (isAway(error)) throw error;
      if (isStatus(error) && error.code === status.FAILED_PRECONDITION && /not enabled/.test(detailsOf(error))) return "";
      throw new GrpcFailure(status.UNAUTHENTICATED, `user ${this.#user.name}: ${detailsOf(error)}`, { cause: error });
    }
  }

  /** Whether it may be the token that was refused; then the next call asks for another. */
  refused(error: unknown): boolean {
    const refused = /invalid auth token|auth store is old|permission denied/.test(detailsOf(error));
    if (refused) this.#asked = null;
    return refused;
  }
}
