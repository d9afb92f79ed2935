// A real etcd as the subject of the contract suite.

import { spawnSync } from "node:child_process";
import { EtcdBackend } from "../../../host/store/etcd/backend.ts";
import { Etcd } from "../../../lab/etcd.ts";
import type { Subject } from "./suite/subject.ts";

/** Why tests with a real etcd cannot run here; null when they can. */
export const NO_ETCD = spawnSync("etcd", ["--version"]).error ? "etcd is not installed" : null;

/** One member: it is killed and comes back with what it had. Several: one is killed and stays away. */
export function etcdSubject(members: number): Subject {
  return {
    name: members === 1 ? "etcd" : `etcd of ${members} members`,
    async start() {
      const etcd = await Etcd.start({ members });
      return {
        endpoints: etcd.endpoints,
        client: { tls: null, server: "etcd" },
        backend: () => new EtcdBackend({ endpoints: etcd.endpoints, tls: null }),
        async disturb() {
          await etcd.kill(0);
          if (members === 1) await etcd.restart(0);
        },
        stop: () => etcd.stop(),
      };
    },
  };
}
