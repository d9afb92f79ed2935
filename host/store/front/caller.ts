// Who calls: the node in a certificate that this cluster's CA signed, if it is still a member. Everything else is refused with a line that says
// what to do. Main thread.

import { status } from "@grpc/grpc-js";
import { GrpcFailure } from "../backend.ts";
import type { Caller } from "../rights.ts";
import type { Call } from "../serve/handlers.ts";

export interface ClusterIds {
  id: string;
  /** Certificates of the cluster that this one was restored from are good until they are renewed. */
  restoredFrom?: string;
}

/** A node's standing with this manager; "unknown" until it has read the store. */
export interface MemberList {
  standing(nodeId: string): "member" | "removed" | "unknown";
  /** Told of each node that is removed; answers what ends that. */
  onLeaving(listener: (nodeId: string) => void): () => void;
}

/** What a client says in each call of the cluster that it means. */
export const CLUSTER_METADATA = "weft-cluster";

/** Throws GrpcFailure. */
export function callerOf(call: Pick<Call, "metadata" | "getAuthContext">, cluster: ClusterIds, members: MemberList, now: number): Caller {
  const claimed = call.metadata.get(CLUSTER_METADATA)[0];
  if (claimed !== undefined && !isOurs(String(claimed), cluster)) throw foreign(String(claimed), cluster);
  // Set only for a certificate that TLS has verified.
  const certificate = call.getAuthContext()?.sslPeerCertificate;
  if (!certificate) {
    throw unauthenticated(
      `no certificate that is good in cluster ${cluster.id}: it is missing, has expired (join again by token), is of another CA, or a clock is wrong`,
    );
  }
  // A connection may live longer than the certificate that it was made with.
  if (now > Date.parse(certificate.valid_to)) throw unauthenticated("the certificate has expired: join again by token");
  const { CN, O, OU } = certificate.subject as Record<"CN" | "O" | "OU", string | string[] | undefined>;
  const role = OU === "weft-manager" ? "manager" : OU === "weft-worker" ? "worker" : null;
  if (typeof CN !== "string" || typeof O !== "string" || role === null) throw unauthenticated("the certificate is not one of a node");
  if (!isOurs(O, cluster)) throw foreign(O, cluster);
  const standing = members.standing(CN);
  if (standing === "removed") throw removedFailure(CN);
  if (standing === "unknown") throw new GrpcFailure(status.UNAVAILABLE, "the manager is still reading its store: try again");
  return { nodeId: CN, role };
}

export function removedFailure(nodeId: string): GrpcFailure {
  return unauthenticated(`node ${nodeId} was removed from the cluster: weft leave, then join again`);
}

function isOurs(id: string, { id: own, restoredFrom }: ClusterIds): boolean {
  return id === own || id === restoredFrom;
}

function foreign(id: string, cluster: ClusterIds): GrpcFailure {
  return unauthenticated(`this is a manager of cluster ${cluster.id}, not of ${JSON.stringify(id.slice(0, 64))}`);
}

function unauthenticated(message: string): GrpcFailure {
  return new GrpcFailure(status.UNAUTHENTICATED, message);
}
