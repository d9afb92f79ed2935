// npm run bench:store: the embedded store. Puts of 300 bytes, each on the disk before it is answered: how many a second, how long a lone one takes, in the
// process and over gRPC (client and server share this process and its one main thread); how long a change takes to reach 1,000 watchers; reading
// and opening 100,000 keys. It writes to the folder given (default: the working directory), for the disk is what is measured.
//
//   node bench/store.ts [FOLDER]

import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { create } from "@bufbuild/protobuf";
import { ServerCredentials } from "@grpc/grpc-js";
import { type ClusterClient, connectStore } from "../host/store/client/store.ts";
import { openEmbedded } from "../host/store/embedded/backend.ts";
import { PutRequestSchema } from "../host/store/generated/rpc_pb.js";
import { serveBackend } from "../host/store/serve.ts";
import { eventually } from "../lab/wait.ts";

const WRITERS = 64;
const RUN_MS = 3000;
const HOT_KEYS = 1000;
const VALUE = "x".repeat(300);
const WATCHERS = 1000;
const CONNECTIONS = 20;
const CHANGES = 50;
const KEYS = 100_000;

const quantile = (sorted: number[], q: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];

function report(name: string, millis: number[], elapsedMs?: number): void {
  const sorted = millis.sort((a, b) => a - b);
  const rate = elapsedMs === undefined ? "" : `${Math.round((millis.length / elapsedMs) * 1000)}/s  `;
  console.log(`${name.padEnd(44)} ${rate}p50 ${quantile(sorted, 0.5).toFixed(2)} ms  p99 ${quantile(sorted, 0.99).toFixed(2)} ms`);
}

async function writing(name: string, writers: number, put: (key: string) => Promise<unknown>): Promise<void> {
  const took: number[] = [];
  const began = performance.now();
  const lane = async () => {
    while (performance.now() < began + RUN_MS) {
      const before = performance.now();
      await put(`/weft/v1/bench/${took.length % HOT_KEYS}`);
      took.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: writers }, lane));
  report(name, took, performance.now() - began);
}

async function watching(endpoint: string, writer: ClusterClient): Promise<void> {
  const clients = Array.from({ length: CONNECTIONS }, () => connectStore({ tls: null, endpoints: () => [endpoint] }));
  let connected = 0;
  let told = 0;
  let all = () => {};
  const watcher = {
    onSnapshot() {},
    onEvents() {
      if (++told === WATCHERS) all();
    },
    onConnection() {
      connected++;
    },
  };
  for (let n = 0; n < WATCHERS; n++) clients[n % CONNECTIONS].watch("/weft/v1/watched/", watcher);
  await eventually("all watchers", () => connected === WATCHERS, 60_000);
  const took: number[] = [];
  for (let n = 0; n < CHANGES; n++) {
    told = 0;
    const heard = new Promise<void>((done) => {
      all = done;
    });
    const before = performance.now();
    await writer.commit([], [{ put: "/weft/v1/watched/key", value: VALUE }]);
    await heard;
    took.push(performance.now() - before);
  }
  report(`a change told to ${WATCHERS} watchers`, took);
  for (const client of clients) client.close();
}

async function timed(name: string, work: () => Promise<unknown>): Promise<void> {
  const before = performance.now();
  await work();
  console.log(`${name.padEnd(44)} ${Math.round(performance.now() - before)} ms`);
}

const folder = mkdtempSync(join(resolve(process.argv[2] ?? "."), "weft-bench-"));
try {
  const file = join(folder, "store.db");
  const backend = await openEmbedded({ file });
  const served = await serveBackend({
    host: "127.0.0.1",
    port: 0,
    credentials: ServerCredentials.createInsecure(),
    backendFor: () => backend,
  });
  const endpoint = `127.0.0.1:${served.port}`;
  const client = connectStore({ tls: null, endpoints: () => [endpoint] });
  const direct = (key: string) => backend.put(create(PutRequestSchema, { key: Buffer.from(key), value: Buffer.from(VALUE) }));
  const remote = (key: string) => client.commit([], [{ put: key, value: VALUE }]);
  await writing(`puts of ${WRITERS} writers, in the process`, WRITERS, direct);
  await writing("puts of one writer, in the process", 1, direct);
  await writing(`puts of ${WRITERS} writers, gRPC`, WRITERS, remote);
  await writing("puts of one writer, gRPC", 1, remote);
  await watching(endpoint, client);
  for (let n = 0; n < KEYS; n += 100)
    await client.commit(
      [],
      Array.from({ length: 100 }, (_, at) => ({ put: `/weft/v1/many/${n + at}`, value: VALUE })),
    );
  await timed(`list ${KEYS} keys, gRPC`, () => client.list("/weft/v1/many/"));
  await timed("snapshot of it", () => backend.snapshot(join(folder, "copy.db")));
  client.close();
  await served.close();
  await backend.close();
  await timed("open it", async () => (await openEmbedded({ file })).close());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
