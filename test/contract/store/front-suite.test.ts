// The contract suite against a manager's front, with TLS and rights, as agents and managers use it: over the embedded store, and over a real etcd.

import { describe } from "vitest";
import { EtcdBackend } from "../../../host/store/etcd/backend.ts";
import { Etcd } from "../../../lab/etcd.ts";
import { Ground, type ManagerOptions } from "../cluster/manager.ts";
import { NO_ETCD } from "./etcd-subject.ts";
import type { Subject } from "./suite/subject.ts";
import { storeSuite } from "./suite/suite.ts";

/** @param store what the front is over; `stop` ends it */
function frontSubject(
  name: string,
  store: () => Promise<{ options: ManagerOptions; disturb?(): Promise<void>; stop(): Promise<void> }>,
): Subject {
  return {
    name,
    async start() {
      const ground = new Ground();
      const { options, disturb, stop } = await store();
      const manager = await ground.manager(options);
      const endpoints = [manager.address];
      const client = { tls: () => manager.identity.tls(), clusterId: () => manager.record.id };
      return {
        endpoints,
        client,
        backend: () => new EtcdBackend({ endpoints, tls: client.tls }),
        disturb,
        async stop() {
          await ground.close();
          await stop();
        },
      };
    },
  };
}

storeSuite(frontSubject("a front over the embedded store", async () => ({ options: {}, stop: async () => {} })));

describe.skipIf(NO_ETCD)("with a real etcd", () => {
  storeSuite(
    frontSubject("a front over etcd", async () => {
      const etcd = await Etcd.start();
      return {
        options: { embedded: false, backend: async () => new EtcdBackend({ endpoints: etcd.endpoints, tls: null }) },
        async disturb() {
          await etcd.kill(0);
          await etcd.restart(0);
        },
        stop: () => etcd.stop(),
      };
    }),
  );
});
