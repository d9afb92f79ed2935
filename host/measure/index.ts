// What the command line loads for `weft bench`.

export { measure } from "./run.ts";
export { serve } from "./server.ts";
