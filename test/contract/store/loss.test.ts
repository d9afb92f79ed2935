// Connections that are lost at any byte: to the embedded store, and to one that shares its watches on a real etcd.

import { ServerCredentials } from "@grpc/grpc-js";
import { describe } from "vitest";
import { EtcdBackend } from "../../../host/store/etcd/backend.ts";
import { serveBackend } from "../../../host/store/serve.ts";
import { Etcd } from "../../../lab/etcd.ts";
import { embeddedSubject } from "./embedded-subject.ts";
import { NO_ETCD } from "./etcd-subject.ts";
import type { Subject } from "./suite/subject.ts";
import { lossSuite } from "./suite/suite.ts";

const overEtcd: Subject = {
  name: "over etcd",
  async start() {
    const etcd = await Etcd.start();
    const backend = new EtcdBackend({ endpoints: etcd.endpoints, tls: null });
    const credentials = ServerCredentials.createInsecure();
    const served = await serveBackend({ host: "127.0.0.1", port: 0, credentials, backendFor: () => backend });
    const endpoints = [`127.0.0.1:${served.port}`];
    return {
      endpoints,
      client: { tls: null },
      backend: () => new EtcdBackend({ endpoints, tls: null }),
      async stop() {
        await served.close();
        await backend.close();
        await etcd.stop();
      },
    };
  },
};

lossSuite(embeddedSubject);
describe.skipIf(NO_ETCD)("with a real etcd", () => lossSuite(overEtcd));
