import { describeNetns } from "../needs.ts";
import { backendSuite } from "./backend.ts";

describeNetns("the dgram backend", ["socat"], () => backendSuite("dgram"));
