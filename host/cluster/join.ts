// `weft join`: a host becomes a member by a token. The token's secret is sent only to a manager whose CA the token pins. The key is on disk
// before anything is asked, and managers know a node by it: a join that was cut short anywhere is simply done again. Main thread.

import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { messageOf, OperationError, UsageError, ValueError } from "../model/errors.ts";
import { GrpcFailure } from "../store/backend.ts";
import { Connection } from "../store/client/connection.ts";
import { MANAGER } from "../store/client/identity.ts";
import { detailsOf, isStatus } from "../store/client/reasons.ts";
import { Join, type JoinAnswer, JoinRequestSchema, RenewRequestSchema } from "../store/generated/weft_pb.js";
import { methodsOf } from "../store/grpc.ts";
import { type CertificateFacts, isValid, makeRequest, newKey, privateKeyPem, readCertificate, toPem } from "./certificate.ts";
import { fetchAuthority } from "./fetch-authority.ts";
import type { Identity, Issued } from "./identity.ts";
import type { NodeState, StateDir } from "./state-dir.ts";
import { parseToken, pinOf, type Token } from "./token.ts";

export interface Joining {
  token: string;
  /** HOST:PORT; any of them will do. */
  managers: string[];
  name: string;
  vtep: string;
  /** HOST:PORT where it will serve, for a manager; null for a worker. */
  manager: string | null;
  version: string;
  /** Milliseconds since 1970. */
  now: number;
  /** Nobody could be asked for a certificate instead of one that is not valid: this member comes back with the one that it has. */
  onSilence?: (why: string) => void;
  /** For each manager. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 5000;
/** A manager may have many to let in. */
const ASK_MS = 15_000;
const KEEPALIVE_MS = 3000;
/** What a connection to a single manager says before the reason, and a manager that asked itself once more. */
const NAMED = /^(manager \S+: |no manager answers \(tried [^)]*\): )+/;

/**
 * Makes this host a member, or finds that it is one: then it comes back as it was, whatever the token, and by the token if its certificate is not
 * valid: has expired, or a clock is or was wrong. If nobody answers then, it comes back all the same. Throws UsageError or OperationError, one line each.
 */
export async function join(state: StateDir, joining: Joining): Promise<NodeState> {
  const member = state.node();
  if (member?.founding) {
    throw new OperationError(
      `this host is founding cluster ${member.clusterId}: \`weft up\` goes on with it, \`weft leave --force\` gives it up`,
    );
  }
  const facts = member && factsOf(state);
  if (facts && isValid(facts, joining.now)) return member;
  const token = readToken(joining.token);
  if (member) refuseOther(state, member, token);
  const known = state.key();
  const key = known ?? newKey();
  try {
    const { answer, endpoint } = await askAny(joining, token, {
      csrDer: await makeRequest(key),
      nodeId: member?.id ?? "",
      begin: () => state.writeKey(key),
      refused: () => known ?? state.removeKey(),
    });
    return settle(state, joining, member, answer, endpoint);
  } catch (error) {
    if (!(error instanceof SilenceError && facts)) throw error;
    joining.onSilence?.(error.message);
    return member;
  }
}

/** A new certificate by the token, for a member that runs and whose own is not valid. For Identity.renew(). */
export async function askByToken(state: StateDir, member: NodeState, joining: Joining, request: Uint8Array): Promise<Issued> {
  const token = readToken(joining.token);
  refuseOther(state, member, token);
  const { answer } = await askAny(joining, token, { csrDer: request, nodeId: member.id, begin: () => {}, refused: () => {} });
  return issuedOf(answer);
}

/** A new certificate for a member that still has a good one, of whichever manager answers. For Identity.renew(). */
export async function askRenewal(identity: Identity, managers: () => readonly string[], request: Uint8Array): Promise<Issued> {
  const connection = connect(managers, () => identity.tls(), TIMEOUT_MS);
  try {
    const message = create(RenewRequestSchema, { csrDer: request });
    const answer = await connection.call((channel, metadata, ms) => channel.unary(methodsOf(Join).renew, message, metadata, ms), {
      repeatable: true,
    });
    return issuedOf(answer);
  } catch (error) {
    throw new OperationError(detailsOf(error), { cause: error });
  } finally {
    connection.close();
  }
}

function issuedOf({ certificateDer, caDer }: Pick<JoinAnswer, "certificateDer" | "caDer">): Issued {
  return { certificate: toPem(certificateDer), authority: caDer.map(toPem).join("") };
}

/** Of the certificate; null when it is missing or damaged. */
function factsOf(state: StateDir): CertificateFacts | null {
  const certificate = state.certificate();
  if (certificate === null) return null;
  try {
    return readCertificate(certificate);
  } catch {
    return null;
  }
}

function refuseOther(state: StateDir, member: NodeState, token: Token): void {
  const authority = state.authority();
  if (authority === null || pinOf(authority) === token.pin) return;
  throw new OperationError(
    `the token is of another cluster: this host is node ${member.name} of cluster ${member.clusterId}, and its certificate is not valid now`,
  );
}

function readToken(text: string): Token {
  try {
    return parseToken(text);
  } catch (error) {
    throw error instanceof ValueError ? new UsageError(`--token: ${error.message}`, { cause: error }) : error;
  }
}

/** No manager has answered. */
class SilenceError extends OperationError {}

interface Asking {
  csrDer: Uint8Array;
  nodeId: string;
  /** Before a manager is asked. */
  begin(): void;
  /** No manager has let it in. */
  refused(): void;
}

/** The first manager that answers decides. */
async function askAny(joining: Joining, token: Token, asking: Asking): Promise<{ answer: JoinAnswer; endpoint: string }> {
  const silent: string[] = [];
  let perhapsIn = false;
  for (const endpoint of joining.managers) {
    const authority = await showAuthority(endpoint, joining).catch((error) => {
      silent.push(`${endpoint}: ${messageOf(error)}`);
      return null;
    });
    if (authority === null) continue;
    if (pinOf(authority) !== token.pin) {
      throw new OperationError(`${endpoint} is not a manager of the token's cluster: its CA is another one (the token was not sent)`);
    }
    try {
      asking.begin();
      return { answer: await ask(endpoint, authority, joining, asking), endpoint };
    } catch (error) {
      if (!(error instanceof GrpcFailure)) {
        if (!perhapsIn) asking.refused();
        throw refusal(endpoint, error);
      }
      perhapsIn = true;
      silent.push(`${endpoint}: ${error.message.replace(NAMED, "")}`);
    }
  }
  throw new SilenceError(`no manager answers (tried ${silent.join("; ")})`);
}

function showAuthority(endpoint: string, { timeoutMs = TIMEOUT_MS }: Joining): Promise<string> {
  const [, host, port] = /^(.*):(\d+)$/.exec(endpoint) ?? [];
  if (host === undefined) throw new UsageError(`${endpoint}: expected HOST:PORT`);
  return fetchAuthority(host.replace(/^\[(.*)\]$/, "$1"), Number(port), timeoutMs);
}

async function ask(endpoint: string, authority: string, joining: Joining, { csrDer, nodeId }: Asking): Promise<JoinAnswer> {
  const { token, name, vtep, manager, version, timeoutMs = ASK_MS } = joining;
  const request = create(JoinRequestSchema, { token: token.trim(), csrDer, name, vtep, nodeId, managerAddress: manager ?? "", version });
  const connection = connect(
    () => [endpoint],
    () => ({ caPem: authority }),
    timeoutMs,
  );
  try {
    return await connection.call((channel, metadata, ms) => channel.unary(methodsOf(Join).ask, request, metadata, ms), {
      repeatable: true,
    });
  } finally {
    connection.close();
  }
}

function connect(
  endpoints: () => readonly string[],
  tls: () => { caPem: string; certPem?: string; keyPem?: string },
  deadlineMs: number,
): Connection {
  return new Connection({ endpoints, tls, identity: MANAGER, who: "manager", deadlineMs, keepaliveMs: KEEPALIVE_MS });
}

/** A manager's own line; what it says of the flags stays a matter of usage. */
function refusal(endpoint: string, error: unknown): Error {
  const text = detailsOf(error);
  if (!isStatus(error)) return new OperationError(`${endpoint}: ${text}`, { cause: error });
  if (error.code === status.INVALID_ARGUMENT) return new UsageError(text, { cause: error });
  if (error.code === status.UNIMPLEMENTED) return new OperationError(`${endpoint} is not a manager of weft`, { cause: error });
  return new OperationError(text, { cause: error });
}

/** Writes what the manager gave; node.json, which makes it a member, last. */
function settle(state: StateDir, joining: Joining, member: NodeState | null, answer: JoinAnswer, endpoint: string): NodeState {
  const role = answer.caKeyPkcs8.length > 0 ? "manager" : "worker";
  const { authority, certificate } = issuedOf(answer);
  state.writeAuthority(authority);
  if (role === "manager") state.writeAuthorityKey(privateKeyPem(answer.caKeyPkcs8));
  state.writeCertificate(certificate);
  const node: NodeState = {
    ...member,
    id: answer.nodeId,
    name: joining.name,
    clusterId: answer.clusterId,
    role,
    // The one that answered may be known by another address here than it gives itself.
    managers: [...new Set([...answer.managers, endpoint])],
    vtep: joining.vtep,
    incarnation: member?.incarnation ?? 0,
  };
  state.writeNode(node);
  return node;
}
