// A client of the cluster's state with the certificate of a member of the lab, or of a real etcd without a front.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ClusterClient, connectStore } from "../../../host/store/client/store.ts";

export interface Access {
  /** HOST:PORT of managers, or of etcd. */
  endpoints: string[];
  /** Of the member whose certificate it is; null = etcd itself, without TLS. */
  stateDir: string | null;
}

export function connectAs({ endpoints, stateDir }: Access): ClusterClient {
  if (stateDir === null) return connectStore({ endpoints: () => endpoints, tls: null, server: "etcd" });
  const read = (name: string) => readFileSync(join(stateDir, name), "utf8");
  const tls = { caPem: read("ca.pem"), certPem: read("cert.pem"), keyPem: read("key.pem") };
  const { clusterId } = JSON.parse(read("node.json")) as { clusterId: string };
  return connectStore({ endpoints: () => endpoints, tls: () => tls, clusterId: () => clusterId });
}

/** Milliseconds of a clock that all processes of this machine share, and that nobody sets. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
