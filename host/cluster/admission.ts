// The manager's side of joining: judges tokens, gives out node ids and certificates, and writes the node's record. Names and VTEPs stay unique
// by the counter at MEMBERS_KEY, and VTEPs outside every network by that at POOLS_KEY. A node is known by its key: asked again with the same one
// (the answer was lost, or its certificate has expired), it is the same node. Main thread.

import type { MessageInitShape } from "@bufbuild/protobuf";
import { refuseHidden } from "../ipam/hidden.ts";
import { newId } from "../model/cluster/ids.ts";
import { MEMBERS_KEY, NETWORKS, NODES, nodeKey, POOLS_KEY, tokenKey } from "../model/cluster/keys.ts";
import { type NetworkRecord, type NodeRecord, type Role, rewrite, type TokenRecord } from "../model/cluster/records.ts";
import type { Compare, Entry, Store } from "../model/cluster/store.ts";
import { hashOfSecret } from "../model/cluster/token-record.ts";
import { OperationError, UsageError, ValueError } from "../model/errors.ts";
import { unicastIp } from "../model/ip.ts";
import type { JoinAnswerSchema, JoinRequest, RenewAnswerSchema, RenewRequest } from "../store/generated/weft_pb.js";
import type { Caller } from "../store/rights.ts";
import type { Authority } from "./ca.ts";
import { privateKeyDer, readRequest, toDer } from "./certificate.ts";
import { parseToken, pinOf, sameSecret } from "./token.ts";

export interface AdmissionOptions {
  store: Store;
  authority: Authority;
  clusterId: () => string;
  /** An embedded store has exactly one manager. */
  embedded: boolean;
  /** Milliseconds since 1970. */
  now: () => number;
  /** A node has its record: for Members.admit(), so that its first call finds it known. */
  onAdmitted?(nodeId: string): void;
}

/** Hosts that are seen to at the same time, and that wait for it: a certificate is 10 ms of work, and these callers are strangers. */
const WORKING_MAX = 8;
const WAITING_MAX = 256;
/** Races lost to other joiners. */
const TRIES_MAX = 50;
const VERSION_CHARACTERS_MAX = 64;
const TOKEN_CHARACTERS_MAX = 256;

interface Candidate {
  role: Role;
  name: string;
  vtep: string;
  manager: string | null;
  keyHash: string;
  /** Of a member that comes back. */
  nodeId: string | null;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #pin: string;
  readonly #waiting: (() => void)[] = [];
  #working = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#pin = pinOf(options.authority.certificate);
  }

  /** Throws UsageError for what the caller wrote wrong, OperationError for what cannot be. */
  async ask(request: JoinRequest): Promise<MessageInitShape<typeof JoinAnswerSchema>> {
    if (this.#working < WORKING_MAX) this.#working++;
    else if (this.#waiting.length < WAITING_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else throw new OperationError(`${WAITING_MAX} hosts are waiting to join at this moment: try again`);
    try {
      return await this.#admit(request);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#working--;
    }
  }

  /** The caller's certificate has been checked; it gets another for the same key. */
  async renew({ nodeId }: Caller, { csrDer }: RenewRequest): Promise<MessageInitShape<typeof RenewAnswerSchema>> {
    const { keyHash } = await readRequest(csrDer).catch(asUsage);
    const entry = await this.#options.store.get(nodeKey(nodeId));
    if (!entry) throw removed(nodeId);
    const record: NodeRecord = JSON.parse(entry.value);
    if (record.key !== undefined && record.key !== keyHash)
      throw new OperationError(`node ${record.name}: a certificate is renewed for the same key`);
    const certificate = await this.#certify(record, csrDer);
    return { certificateDer: toDer(certificate), caDer: [toDer(this.#options.authority.certificate)] };
  }

  async #admit(request: JoinRequest): Promise<MessageInitShape<typeof JoinAnswerSchema>> {
    const { authority, clusterId, store } = this.#options;
    const role = await this.#roleOf(request.token);
    const candidate = await candidateOf(role, request);
    this.#checkRole(candidate);
    const record = await this.#enter(candidate);
    this.#options.onAdmitted?.(record.id);
    const certificate = await this.#certify(record, request.csrDer);
    const { entries } = await store.list(NODES);
    return {
      nodeId: record.id,
      clusterId: clusterId(),
      certificateDer: toDer(certificate),
      caDer: [toDer(authority.certificate)],
      caKeyPkcs8: record.role === "manager" ? privateKeyDer(authority.key) : new Uint8Array(),
      managers: entries.flatMap(({ value }) => (JSON.parse(value) as NodeRecord).manager ?? []),
    };
  }

  /** What a token lets its bearer be. */
  async #roleOf(text: string): Promise<Role> {
    if (text.length > TOKEN_CHARACTERS_MAX) throw new UsageError(`the token has ${text.length} characters: not a token of weft`);
    const { pin, secret } = usage("the token is ", () => parseToken(text));
    if (pin !== this.#pin) throw new OperationError("the token is of another cluster");
    const tokens = await Promise.all((["worker", "manager"] as const).map(async (role) => ({ role, record: await this.#token(role) })));
    const right = tokens.find(({ record }) => record && sameSecret(record.secret, secret));
    if (right) return right.role;
    const hash = hashOfSecret(secret);
    const old = tokens.find(({ record }) => record?.rotated?.includes(hash));
    if (old) throw new OperationError(`the token was rotated: \`weft token ${old.role}\` on a manager shows the one that is good now`);
    throw new OperationError("the token's secret is wrong: `weft token worker` on a manager shows the right one");
  }

  async #token(role: Role): Promise<TokenRecord | null> {
    const entry = await this.#options.store.get(tokenKey(role));
    return entry && JSON.parse(entry.value);
  }

  #checkRole({ role, manager }: Candidate): void {
    if (role === "worker" && manager !== null) {
      throw new OperationError("a worker's token cannot make a manager: leave --store out, or take the token of `weft token manager`");
    }
    if (role === "worker") return;
    if (this.#options.embedded) {
      throw new OperationError("this cluster's store is embedded and has exactly one manager: a manager join needs an etcd store");
    }
    if (manager === null) throw new OperationError("a manager join needs an etcd store: add --store etcd://… as on the other managers");
  }

  async #enter(candidate: Candidate): Promise<NodeRecord> {
    const { store } = this.#options;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const [counter, pools] = await Promise.all([store.get(MEMBERS_KEY), store.get(POOLS_KEY)]);
      const [{ entries }, networks] = await Promise.all([store.list(NODES), store.list(NETWORKS)]);
      const nodes = entries.map((entry) => ({ entry, record: JSON.parse(entry.value) as NodeRecord }));
      const known = knownAs(candidate, nodes);
      checkUnique(
        candidate,
        nodes.map(({ record }) => record).filter(({ id }) => id !== known?.record.id),
      );
      refuseHidden(
        candidate.vtep,
        networks.entries.map(({ value }) => JSON.parse(value) as NetworkRecord),
      );
      const { record, value } = this.#recordOf(candidate, known?.entry ?? null);
      if (value === known?.entry.value) return record;
      const compares: Compare[] = [same(MEMBERS_KEY, counter), same(POOLS_KEY, pools), same(nodeKey(record.id), known?.entry ?? null)];
      const count = String(Number(counter?.value ?? 0) + 1);
      const { succeeded } = await store.commit(compares, [
        { put: nodeKey(record.id), value },
        { put: MEMBERS_KEY, value: count },
      ]);
      if (succeeded) return record;
    }
    throw new OperationError(`${TRIES_MAX} other nodes came first: try again`);
  }

  #recordOf({ role, name, vtep, manager, keyHash, nodeId }: Candidate, entry: Entry | null): { record: NodeRecord; value: string } {
    // Who is known by its key alone was cut short in joining, or in leaving, which drains.
    const known = { name, vtep, manager, key: keyHash, ...(nodeId === null ? { availability: "active" as const } : {}) };
    const joinedAt = new Date(this.#options.now()).toISOString();
    const fresh = (): NodeRecord => ({
      id: newId(),
      ...known,
      role,
      availability: "active",
      joinedAt,
      deadSince: null,
    });
    const value = entry ? rewrite<NodeRecord>(entry.value, known) : JSON.stringify(fresh());
    return { record: JSON.parse(value), value };
  }

  #certify(record: NodeRecord, request: Uint8Array): Promise<string> {
    const { authority, clusterId, now } = this.#options;
    const holder = { nodeId: record.id, clusterId: clusterId(), role: record.role, hosts: hostsOf(record) };
    return authority.issue(request, holder, now()).catch(asUsage);
  }
}

export function removed(nodeId: string): OperationError {
  return new OperationError(`node ${nodeId} was removed from the cluster: weft leave, then join again`);
}

/** Names and addresses for which a manager's certificate is good. */
export function hostsOf({ vtep, manager }: Pick<NodeRecord, "vtep" | "manager">): string[] {
  if (manager === null) return [];
  const host = manager.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return [...new Set([host, vtep, "127.0.0.1", "::1", "localhost"])];
}

async function candidateOf(role: Role, request: JoinRequest): Promise<Candidate> {
  const { name, version, managerAddress } = request;
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(name)) {
    throw new UsageError(
      `--name ${JSON.stringify(name.slice(0, 80))}: letters, digits, "-", "_" and "." only, 63 at most, and a letter or digit first`,
    );
  }
  if (version.length > VERSION_CHARACTERS_MAX) throw new UsageError(`a version has ${VERSION_CHARACTERS_MAX} characters at most`);
  const manager = managerAddress === "" ? null : managerAddress;
  if (manager !== null && !/^(\[[0-9a-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253}):\d{1,5}$/.test(manager)) {
    throw new UsageError("--listen: expected HOST:PORT, with an IPv6 address in brackets");
  }
  const vtep = usage("--advertise: ", () => unicastIp(request.vtep));
  const { keyHash } = await readRequest(request.csrDer).catch(asUsage);
  return { role, name, vtep, manager, keyHash, nodeId: request.nodeId || null };
}

interface Known {
  entry: Entry;
  record: NodeRecord;
}

/** The node that the candidate was before, if any. */
function knownAs({ nodeId, keyHash, role }: Candidate, nodes: Known[]): Known | null {
  const known = nodes.find(({ record }) => (nodeId === null ? record.key === keyHash : record.id === nodeId));
  if (!known) {
    if (nodeId !== null) throw removed(nodeId);
    return null;
  }
  const { name, key, role: had } = known.record;
  if (key !== undefined && key !== keyHash)
    throw new OperationError(`node ${name} has another key than this host: weft leave, then join again`);
  if (had !== role) throw new OperationError(`node ${name} is a ${had}: the token is a ${role}'s`);
  return known;
}

function checkUnique({ name, vtep }: Candidate, others: NodeRecord[]): void {
  const named = others.find((other) => other.name === name);
  if (named)
    throw new OperationError(
      `the name ${name} is taken by node ${named.id} (${named.vtep}): choose another with --name, or \`weft node rm ${name}\``,
    );
  const there = others.find((other) => other.vtep === vtep);
  if (there)
    throw new OperationError(
      `VTEP address ${vtep} is taken by node ${there.name}: choose another with --advertise, or \`weft node rm ${there.name}\``,
    );
}

function same(key: string, entry: Entry | null): Compare {
  return entry ? { key, modRevision: entry.modRevision } : { key, is: "absent" };
}

function asUsage(error: unknown): never {
  throw error instanceof ValueError ? new UsageError(error.message, { cause: error }) : error;
}

function usage<T>(place: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof ValueError ? new UsageError(place + error.message, { cause: error }) : error;
  }
}
