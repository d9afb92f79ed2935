// The contract suite against three members of etcd, of which one is killed.

import { describe } from "vitest";
import { etcdSubject, NO_ETCD } from "./etcd-subject.ts";
import { storeSuite } from "./suite/suite.ts";

describe.skipIf(NO_ETCD)("a real etcd", () => storeSuite(etcdSubject(3)));
