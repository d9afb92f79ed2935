// A manager's store without a connection, over the embedded store: it answers what a client over gRPC does, failures too, and needs no front for it.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Range, Store } from "../../../host/model/cluster/store.ts";
import { type ClusterClient, connectStore } from "../../../host/store/client/store.ts";
import { directStore } from "../../../host/store/direct.ts";
import { eventually } from "../../../lab/wait.ts";
import { EmbeddedServer } from "./embedded-subject.ts";

let server: EmbeddedServer;
let client: ClusterClient;
let store: Store;

beforeAll(async () => {
  server = await EmbeddedServer.start();
  client = connectStore({ endpoints: () => [server.endpoint], tls: null });
  store = directStore(server.backend, client);
});
afterAll(async () => {
  client?.close();
  await server?.stop();
});

async function all(pages: AsyncIterable<Range>): Promise<Range[]> {
  const read: Range[] = [];
  for await (const page of pages) read.push(page);
  return read;
}

test("reads and transactions are those of a client", async () => {
  const changes = Array.from({ length: 3 }, (_, i) => ({ put: `/a/${i}`, value: `välue ${i}` }));
  const { succeeded, revision } = await store.commit([{ key: "/a/0", is: "absent" }], changes);
  expect(succeeded).toBe(true);
  expect(await store.commit([{ key: "/a/0", is: "absent" }], [{ delete: "/a/1" }])).toEqual({ succeeded: false, revision });
  for (const key of ["/a/1", "/b"]) expect(await store.get(key)).toEqual(await client.get(key));
  expect(await store.list("/a/")).toEqual(await client.list("/a/"));
  expect(await store.list("/a/", { keysOnly: true })).toEqual(await client.list("/a/", { keysOnly: true }));
  expect((await store.get("/a/2"))?.value).toBe("välue 2");
  const pages = await all(store.pages("/a/", { revision }));
  expect(pages).toEqual([{ ...(await client.list("/a/")), clusterId: expect.anything() }]);
});

test("a page of a revision that is not there is a StoreError, as a client has it", async () => {
  const { revision } = await store.commit([], [{ put: "/c", value: "1" }]);
  const read = (at: number) => all(store.pages("/c", { revision: at }));
  expect(await read(revision)).toHaveLength(1);
  await expect(read(revision + 1000)).rejects.toMatchObject({ name: "StoreError", failure: "invalid" });
});

test("too large a transaction is refused in the same words", async () => {
  const changes = Array.from({ length: 129 }, (_, i) => ({ put: `/many/${i}`, value: "" }));
  const refused = await client.commit([], changes).catch((error: Error) => error);
  await expect(store.commit([], changes)).rejects.toMatchObject({ name: "StoreError", message: (refused as Error).message });
});

test("watches and leases are the client's", async () => {
  const heard: string[] = [];
  let ready = false;
  const onSnapshot = () => {
    ready = true;
  };
  const watch = store.watch("/w/", { onSnapshot, onEvents: (events) => void heard.push(...events.map(({ type }) => type)) });
  await eventually("the snapshot", () => ready);
  const lease = await store.grantLease(60);
  await store.commit([], [{ put: "/w/1", value: "", lease: lease.id }]);
  await eventually("the put", () => heard.length === 1);
  expect(await store.keepLease(lease.id)).toBe(60);
  await store.revokeLease(lease.id);
  await eventually("its end", () => heard.length === 2);
  expect(heard).toEqual(["put", "delete"]);
  watch.close();
});

test("it goes on without a front, and closing it closes nothing", async () => {
  const away = connectStore({ endpoints: () => [], tls: null, deadlineMs: 1000 });
  const alone = directStore(server.backend, away);
  alone.close();
  expect((await alone.get("/a/1"))?.value).toBe("välue 1");
  await expect(away.get("/a/1")).rejects.toMatchObject({ failure: "unavailable" });
  away.close();
});
