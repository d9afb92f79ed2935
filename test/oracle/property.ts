// fast-check, begun with the seed of all random tests (random.ts): left to itself it takes another one each run. What fails is shrunk and told with its
// path; WEFT_SEED looks further.

import fc from "fast-check";
import { seed } from "./random.ts";

fc.configureGlobal({ seed });

export default fc;
