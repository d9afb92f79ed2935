// The contract suite against the embedded store.

import { embeddedSubject } from "./embedded-subject.ts";
import { storeSuite } from "./suite/suite.ts";

storeSuite(embeddedSubject);
