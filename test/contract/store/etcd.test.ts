// The contract suite against one real etcd.

import { describe } from "vitest";
import { etcdSubject, NO_ETCD } from "./etcd-subject.ts";
import { lossSuite, storeSuite } from "./suite/suite.ts";

describe.skipIf(NO_ETCD)("a real etcd", () => {
  storeSuite(etcdSubject(1));
  lossSuite(etcdSubject(1));
});
