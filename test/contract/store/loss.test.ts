// Connections to the embedded store that are lost at any byte.

import { embeddedSubject } from "./embedded-subject.ts";
import { lossSuite } from "./suite/suite.ts";

lossSuite(embeddedSubject);
