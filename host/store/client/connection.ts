// Which of several servers is talked to: one at a time, any will do, the next when it fails. Every wait has an end. What was sent and not
// answered is asked again only if that does no harm. Main thread.
//
//   call ──► a channel that is ready ──► sent ──► answer
//              ▲ next endpoint, until        │ lost, or no answer in time: the channel is left;
//              └ the call's deadline ◄───────┘ if it may be repeated, again, else "unavailable": nobody knows whether it was done

import { setTimeout as delay } from "node:timers/promises";
import { Metadata, status } from "@grpc/grpc-js";
import { GrpcFailure } from "../backend.ts";
import { Backoff } from "./backoff.ts";
import { Channel } from "./channel.ts";
import type { TlsFiles } from "./credentials.ts";
import type { Identity } from "./identity.ts";
import { detailsOf, isAway, isStatus, whyNot } from "./reasons.ts";
import { Token, type User } from "./token.ts";

export interface ConnectionOptions {
  /** HOST:PORT of each server; asked anew at each try. */
  endpoints: () => readonly string[];
  /** Asked anew for each channel; null = no TLS. */
  tls: (() => TlsFiles) | null;
  identity: Identity;
  /** What a server is called in messages: `manager`, `etcd`. */
  who: string;
  /** Sent with each call. */
  metadata?: () => Record<string, string>;
  user?: User;
  deadlineMs: number;
  keepaliveMs: number;
  random?: () => number;
}

export interface CallOptions {
  /** Asked twice it does no harm. */
  repeatable: boolean;
  /** The server may take all the time there is: only one that is lost, or silent to keepalive, is left. */
  patient?: boolean;
  /** Instead of the connection's. */
  deadlineMs?: number;
}

type Run<Answer> = (channel: Channel, metadata: Metadata, deadlineMs: number) => Promise<Answer>;

/** For one endpoint to be connected to; doubled each round, for a host that is too busy to be quicker. */
const CONNECT_MS = 2000;
const CONNECT_MS_MAX = 16_000;
/** For any endpoint to be connected to, however long the call may take then: a person who asks for something waits no longer to hear that nobody is there. */
const READY_MS = 6000;
/** Parts of the deadline that a repeatable call waits for one server. */
const ATTEMPTS = 2.5;
const UNKNOWN = "; whether it was done is not known";

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #backoff: Backoff;
  readonly #token: Token | null;
  readonly #closed = new AbortController();
  #current: Channel | null = null;
  /** Those that were left, while something is open on them. */
  readonly #left = new Set<Channel>();
  #connecting: Promise<Channel> | null = null;
  #waiting = 0;
  /** The endpoint that comes next, by its place among them. */
  #next: number;
  /** Why each endpoint did not answer, since one last did. */
  readonly #why = new Map<string, string>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random);
    this.#token = options.user ? new Token(options.user) : null;
    this.#next = Math.floor((options.random ?? Math.random)() * Math.max(options.endpoints().length, 1));
  }

  /** @throws GrpcFailure, or what the server said */
  async call<Answer>(
    run: Run<Answer>,
    { repeatable, patient = false, deadlineMs = this.#options.deadlineMs }: CallOptions,
  ): Promise<Answer> {
    const end = performance.now() + deadlineMs;
    const left = () => Math.max(1, end - performance.now());
    /** The last that gave a reason, and it. */
    let told: [Channel, unknown] | null = null;
    for (let renewed = false; ; ) {
      const channel = await this.#ready(Math.min(left(), READY_MS));
      const forOne = repeatable && !patient ? Math.min(left(), deadlineMs / ATTEMPTS) : left();
      try {
        const answer = await run(channel, await this.#metadata(channel, left()), forOne);
        this.#backoff.reset();
        return answer;
      } catch (error) {
        if (!renewed && this.#token?.refused(error)) {
          renewed = true;
          continue;
        }
        if (!isAway(error)) throw error;
        this.leave(channel);
        if (this.#closed.signal.aborted) throw this.#ended();
        if (!isLate(error)) told = [channel, error];
        const pause = this.#backoff.next();
        if ((!repeatable && wasSent(error)) || left() <= pause) throw this.#lost(...(told ?? [channel, error]), forOne, repeatable);
        await this.#pause(pause);
      }
    }
  }

  /** Waits for the next try; shorter than a person notices at first. */
  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closed.signal }).catch(() => {
      throw this.#ended();
    });
  }

  /** Not this channel again; what is under way on it may end. */
  leave(channel: Channel): void {
    this.#end(channel);
    if (this.#current !== channel) return;
    this.#current = null;
    this.#next++;
  }

  /** Whether a watch was refused for its token, which etcd calls a lack of permission; then the next call has another. */
  refusesToken(reason: string): boolean {
    return this.#token?.refused(new Error(reason)) ?? false;
  }

  /** The next call makes a new connection, with the certificate as it is then. */
  refresh(): void {
    if (this.#current) this.#end(this.#current);
    this.#current = null;
  }

  /** Everything ends at once, also what waits for a server that has fallen silent. */
  close(): void {
    this.#closed.abort();
    this.#current?.destroy();
    this.#current = null;
    for (const channel of this.#left) channel.destroy();
    this.#left.clear();
  }

  #end(channel: Channel): void {
    channel.close();
    this.#left.add(channel);
    for (const other of this.#left) if (!other.isOpen) this.#left.delete(other);
  }

  async #ready(timeoutMs: number): Promise<Channel> {
    const { endpoints } = this.#options;
    if (this.#closed.signal.aborted) throw this.#ended();
    if (this.#current && !(this.#current.isReady && endpoints().includes(this.#current.endpoint))) this.leave(this.#current);
    if (this.#current) return this.#current;
    if (!this.#connecting) {
      const connecting = this.#connect().finally(() => {
        this.#connecting = null;
      });
      connecting.catch(() => {}); // its callers may have given up
      this.#connecting = connecting;
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#noneAnswers(timeoutMs)), timeoutMs);
    });
    this.#waiting++;
    try {
      return await Promise.race([this.#connecting, late]);
    } finally {
      this.#waiting--;
      clearTimeout(timer);
    }
  }

  /** Tries one after the other, round after round, while anybody waits for it. */
  async #connect(): Promise<Channel> {
    for (let forOne = CONNECT_MS; ; forOne = Math.min(forOne * 2, CONNECT_MS_MAX)) {
      for (let tries = this.#options.endpoints().length; tries > 0; tries--) {
        const endpoints = this.#options.endpoints();
        const channel = await this.#try(endpoints[this.#next % endpoints.length], forOne);
        if (channel) return channel;
      }
      if (this.#closed.signal.aborted) throw this.#ended();
      if (this.#waiting === 0) throw this.#noneAnswers(0);
      await this.#pause(this.#backoff.next());
    }
  }

  async #try(endpoint: string, timeoutMs: number): Promise<Channel | null> {
    const { tls, identity, keepaliveMs } = this.#options;
    let channel: Channel | null = null;
    try {
      channel = new Channel(endpoint, { tls: tls?.() ?? null, identity, keepaliveMs });
      await channel.ready(timeoutMs, this.#closed.signal);
      this.#current = channel;
      this.#why.clear();
      return channel;
    } catch (error) {
      channel?.close();
      this.#why.set(endpoint, whyNot(error));
      this.#next++;
      return null;
    }
  }

  async #metadata(channel: Channel, deadlineMs: number): Promise<Metadata> {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(this.#options.metadata?.() ?? {})) metadata.set(key, value);
    const token = await this.#token?.get(channel, deadlineMs);
    if (token) metadata.set("token", token);
    return metadata;
  }

  /** Why nobody is reached now; null when one is, or nobody knows yet. */
  get trouble(): string | null {
    return this.#current || this.#why.size === 0 ? null : this.#noneAnswers(CONNECT_MS).message;
  }

  /** The line of one who found nobody. */
  #noneAnswers(waitedMs: number): GrpcFailure {
    const { who, endpoints } = this.#options;
    const tried = [...new Set(endpoints())];
    const reasons = tried.map((endpoint) => this.#why.get(endpoint) ?? `no answer in ${seconds(waitedMs)}`);
    const list = new Set(reasons).size > 1 ? tried.map((endpoint, at) => `${endpoint}: ${reasons[at]}`).join("; ") : null;
    const tail = list ? ` (${list})` : ` (tried ${tried.join(", ")}): ${reasons[0]}`;
    return new GrpcFailure(status.UNAVAILABLE, tried.length === 0 ? `no ${who} is known` : `no ${who} answers${tail}`);
  }

  /** The line of one who was heard, perhaps, and got no answer. */
  #lost({ endpoint }: Channel, error: unknown, waitedMs: number, repeatable: boolean): GrpcFailure {
    const why = isLate(error) ? `no answer in ${seconds(waitedMs)}` : whyNot(error);
    const place = `${this.#options.who} ${endpoint}: `;
    // A manager that asked itself has said all this already.
    const line = why.startsWith(place) ? why : place + why;
    const unknown = repeatable || line.endsWith(UNKNOWN) ? "" : UNKNOWN;
    return new GrpcFailure(status.UNAVAILABLE, line + unknown, { cause: error });
  }

  #ended(): GrpcFailure {
    return new GrpcFailure(status.CANCELLED, `the connection to the ${this.#options.who}s was closed`);
  }
}

/** Nothing was said: not even why. */
function isLate(error: unknown): boolean {
  return isStatus(error) && error.code === status.DEADLINE_EXCEEDED;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** Whether a call that failed may have reached the server. */
function wasSent(error: unknown): boolean {
  return !/No connection established|before call started/.test(detailsOf(error));
}
