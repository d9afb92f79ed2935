// TLS from the client's side: who is let in, who is not and with what words, and that nothing stays open.

import { ServerCredentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Channel } from "../../../../host/store/client/channel.ts";
import type { TlsFiles } from "../../../../host/store/client/credentials.ts";
import { HOST_NAME, type Identity, MANAGER } from "../../../../host/store/client/identity.ts";
import { type CertificateFiles, Certificates } from "../../../../lab/certificates.ts";
import { eventually } from "../../../../lab/wait.ts";
import { EmbeddedServer } from "../embedded-subject.ts";
import { deadEndpoint, serve, silentServer } from "./servers.ts";

let store: EmbeddedServer;
let ours: Certificates;
let others: Certificates;
let node: CertificateFiles;
let foreign: CertificateFiles;
const stops: (() => Promise<void>)[] = [];

async function serverOf({ caPem, certPem, keyPem }: CertificateFiles): Promise<string> {
  const credentials = ServerCredentials.createSsl(Buffer.from(caPem), [
    { cert_chain: Buffer.from(certPem), private_key: Buffer.from(keyPem) },
  ]);
  const { endpoint, stop } = await serve(store, credentials);
  stops.push(stop);
  return endpoint;
}

beforeAll(async () => {
  [store, ours, others] = await Promise.all([EmbeddedServer.start(), Certificates.make(), Certificates.make()]);
  node = await ours.issue("node", "/O=c/OU=weft-worker/CN=n");
  foreign = await others.issue("manager", "/O=d/OU=weft-manager/CN=m");
});

afterAll(async () => {
  for (const stop of stops) await stop();
  await store.stop();
  ours.remove();
  others.remove();
});

/** What comes of connecting: "" or the reason. */
async function connect(endpoint: string, tls: TlsFiles | null, identity: Identity): Promise<string> {
  const channel = new Channel(endpoint, { tls, identity, keepaliveMs: 3000 });
  try {
    await channel.ready(2000, new AbortController().signal);
    return "";
  } catch (error) {
    return (error as Error).message;
  } finally {
    channel.destroy();
  }
}

describe("who is at the other end", () => {
  test("a manager of this cluster, whatever its address", async () => {
    const manager = await ours.issue("manager", "/O=c/OU=weft-manager/CN=m");
    expect(await connect(await serverOf(manager), node, MANAGER)).toBe("");
  });

  test("another node of this cluster is not a manager", async () => {
    const endpoint = await serverOf(node);
    expect(await connect(endpoint, node, MANAGER)).toBe("127.0.0.1 has a certificate of this cluster, but not a manager's");
  });

  test("one that another CA has signed", async () => {
    const endpoint = await serverOf(foreign);
    expect(await connect(endpoint, node, MANAGER)).toBe("its certificate is not signed by this cluster's CA");
  });

  test("a server by its host's name, without a certificate of one's own", async () => {
    const endpoint = await serverOf(foreign);
    expect(await connect(endpoint, { caPem: foreign.caPem }, HOST_NAME)).toBe("");
  });

  test("one without TLS, where TLS is wanted", async () => {
    expect(await connect(store.endpoint, node, MANAGER)).toBe("it does not speak TLS");
  });

  test("nobody", async () => {
    expect(await connect(await deadEndpoint(), node, MANAGER)).toBe("connection refused");
  });
});

test.each([["with TLS"], ["without TLS"]])("a handshake that nobody answers is given up, and closed: %s", async (how) => {
  const silent = await silentServer();
  const channel = new Channel(silent.endpoint, { tls: how === "with TLS" ? node : null, identity: MANAGER, keepaliveMs: 3000 });
  try {
    await expect(channel.ready(300, new AbortController().signal)).rejects.toThrow("no answer in 0.3 s");
    expect(silent.open()).toBe(1);
    channel.close();
    await eventually("the connection to be closed", () => silent.open() === 0);
  } finally {
    channel.destroy();
    await silent.stop();
  }
});
