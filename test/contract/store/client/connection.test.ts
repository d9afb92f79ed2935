// Which server is talked to, what is asked again, and the lines when nobody answers.

import { once } from "node:events";
import { constants, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { create } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Connection, type ConnectionOptions } from "../../../../host/store/client/connection.ts";
import { KV, PutRequestSchema, RangeRequestSchema, Watch } from "../../../../host/store/generated/rpc_pb.js";
import { methodsOf } from "../../../../host/store/grpc.ts";
import { CuttingProxy } from "../../../../lab/cutting-proxy.ts";
import { eventually } from "../../../../lab/wait.ts";
import { EmbeddedServer } from "../embedded-subject.ts";
import { connectionOptions, deadEndpoint, silentServer } from "./servers.ts";

const kv = methodsOf(KV);
const key = Buffer.from("k");
let store: EmbeddedServer;
let ends: (() => unknown)[] = [];

beforeAll(async () => {
  store = await EmbeddedServer.start();
});
afterAll(() => store.stop());
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});

function open(endpoints: readonly string[], options: Partial<ConnectionOptions> = {}): Connection {
  const connection = new Connection({ ...connectionOptions(endpoints), ...options });
  ends.push(() => connection.close());
  return connection;
}

async function proxyTo(target: string): Promise<CuttingProxy> {
  const proxy = await CuttingProxy.start(target);
  ends.push(() => proxy.stop());
  return proxy;
}

async function silent(): Promise<string> {
  const server = await silentServer();
  ends.push(() => server.stop());
  return server.endpoint;
}

const read = (connection: Connection) =>
  connection.call((channel, metadata, ms) => channel.unary(kv.range, create(RangeRequestSchema, { key }), metadata, ms), {
    repeatable: true,
  });
const write = (connection: Connection) =>
  connection.call((channel, metadata, ms) => channel.unary(kv.put, create(PutRequestSchema, { key }), metadata, ms), {
    repeatable: false,
  });

describe("a server that is not there", () => {
  test("is passed by, by writes too: nothing was sent", async () => {
    const connection = open([await deadEndpoint(), store.endpoint]);
    const begin = performance.now();
    await write(connection);
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  test("that says nothing is passed by after a moment", async () => {
    const begin = performance.now();
    await write(open([await silent(), store.endpoint], { deadlineMs: 5000 }));
    expect(performance.now() - begin).toBeLessThan(4000);
  });

  test("comes, and is found", async () => {
    const proxy = await proxyTo(store.endpoint);
    proxy.refuse();
    const reading = read(open([proxy.endpoint]));
    setTimeout(() => proxy.heal(), 300);
    await reading;
  });

  test("is one of a list that may change", async () => {
    let endpoints = [await deadEndpoint()];
    const connection = open([], { endpoints: () => endpoints });
    const reading = read(connection);
    setTimeout(() => {
      endpoints = [store.endpoint];
    }, 200);
    await reading;
    const proxy = await proxyTo(store.endpoint);
    endpoints = [proxy.endpoint];
    await read(connection);
    expect(proxy.connections).toBe(1);
  });
});

describe("the line when nobody answers", () => {
  const refusal = (endpoints: readonly string[]) => read(open(endpoints, { deadlineMs: 500 })).catch((error: Error) => error.message);

  test("names whom it tried, and the reason that all have", async () => {
    const [a, b] = [await deadEndpoint(), await deadEndpoint()];
    expect(await refusal([a, b])).toBe(`no manager answers (tried ${a}, ${b}): connection refused`);
  });

  test("names each one's reason, where they differ", async () => {
    const [a, b] = [await deadEndpoint(), await silent()];
    expect(await refusal([a, b])).toBe(`no manager answers (${a}: connection refused; ${b}: no answer in 0.5 s)`);
  });

  test("says when there is nobody to ask", async () => {
    expect(await refusal([])).toBe("no manager is known");
  });
});

describe("a server that goes in the middle of a call", () => {
  test("reads are asked again of the next", async () => {
    const proxy = await proxyTo(store.endpoint);
    const connection = open([proxy.endpoint, store.endpoint]);
    await read(connection);
    proxy.silence();
    const begin = performance.now();
    await read(connection);
    expect(performance.now() - begin).toBeLessThan(2000);
    expect(proxy.connections).toBe(1);
  });

  test("writes are not: nobody knows whether they were done", async () => {
    const proxy = await proxyTo(store.endpoint);
    const connection = open([proxy.endpoint, store.endpoint], { deadlineMs: 600 });
    await read(connection);
    proxy.silence();
    await expect(write(connection)).rejects.toThrow(`manager ${proxy.endpoint}: no answer in 0.6 s; whether it was done is not known`);
    await write(connection);
  });

  test("one that has no room for calls on this connection is left: what it refuses is not a message that is too large", async () => {
    // As Node's http2 does of a connection whose peer does not take what it asked for.
    const full = createServer().on("stream", (stream) => stream.on("error", () => {}).close(constants.NGHTTP2_ENHANCE_YOUR_CALM));
    await once(full.listen(0, "127.0.0.1"), "listening");
    ends.push(() => full.close());
    const connection = open([`127.0.0.1:${(full.address() as AddressInfo).port}`, store.endpoint]);
    await read(connection);
    await write(connection);
  });

  test("a connection that was lost between two calls is made anew, for a write too", async () => {
    const proxy = await proxyTo(store.endpoint);
    const connection = open([proxy.endpoint]);
    await write(connection);
    proxy.cutAll();
    await new Promise((resolve) => setTimeout(resolve, 50)); // for the cut to be heard of
    await write(connection);
    expect(proxy.connections).toBe(2);
  });
});

test("what the server says is passed on as it is, and costs no connection", async () => {
  const proxy = await proxyTo(store.endpoint);
  const connection = open([proxy.endpoint]);
  const put = create(PutRequestSchema, {});
  const refused = connection.call((channel, metadata, ms) => channel.unary(kv.put, put, metadata, ms), { repeatable: false });
  await expect(refused).rejects.toMatchObject({ details: "etcdserver: key is not provided" });
  await read(connection);
  expect(proxy.connections).toBe(1);
});

test("refresh: the next call has a new connection", async () => {
  const proxy = await proxyTo(store.endpoint);
  const connection = open([proxy.endpoint]);
  await read(connection);
  connection.refresh();
  await read(connection);
  expect(proxy.connections).toBe(2);
});

test("close ends what waits", async () => {
  const connection = open([await deadEndpoint()], { deadlineMs: 10_000 });
  const reading = read(connection);
  setTimeout(() => connection.close(), 100);
  const begin = performance.now();
  await expect(reading).rejects.toThrow("the connection to the managers was closed");
  expect(performance.now() - begin).toBeLessThan(5000);
  await expect(read(connection)).rejects.toThrow("was closed");
});

test("close ends connections that were left because nothing came any more, with what is still under way on them", async () => {
  const proxy = await proxyTo(store.endpoint);
  const connection = open([proxy.endpoint, store.endpoint], { deadlineMs: 600, keepaliveMs: 60_000 });
  const streams = methodsOf(Watch).watch;
  await connection.call(async (channel, metadata) => void channel.stream(streams, metadata), { repeatable: true });
  proxy.silence();
  await expect(write(connection)).rejects.toThrow("no answer in 0.6 s");
  await read(connection);
  expect(proxy.open).toBe(1);
  connection.close();
  await eventually("the connection to be closed", () => proxy.open === 0);
});
