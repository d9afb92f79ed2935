import { describeNetns } from "../needs.ts";
import { backendSuite } from "./backend.ts";

describeNetns("the native backend", ["socat"], () => backendSuite("native"));
