// A manager's store as a process, to be killed: `node embedded-server.ts FILE PORT`. Prints "ready" once it serves.

import { ServerCredentials } from "@grpc/grpc-js";
import { openEmbedded } from "../../../host/store/embedded/backend.ts";
import { serveBackend } from "../../../host/store/serve.ts";

const [file, port] = process.argv.slice(2);
const backend = await openEmbedded({ file });
const credentials = ServerCredentials.createInsecure();
await serveBackend({ host: "127.0.0.1", port: Number(port), credentials, backendFor: () => backend });
console.log("ready");
