import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, expect, test } from "vitest";
import { Authority } from "../../../host/cluster/ca.ts";
import { makeRequest, newKey } from "../../../host/cluster/certificate.ts";
import { fetchAuthority } from "../../../host/cluster/fetch-authority.ts";
import { freePorts } from "../../../lab/ports.ts";

const TIMEOUT_MS = 5000;
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

test("the CA's certificate is the last of the chain; a server that does not show it is refused", async () => {
  const authority = await Authority.create("c", Date.now());
  const key = newKey();
  const holder = { nodeId: "n", clusterId: "c", role: "manager" as const, hosts: [] };
  const cert = await authority.issue(await makeRequest(key), holder, Date.now());
  const whole = await listen(createTlsServer({ key, cert: cert + authority.certificate }));
  expect(await fetchAuthority("127.0.0.1", whole, TIMEOUT_MS)).toBe(authority.certificate);
  const bare = await listen(createTlsServer({ key, cert }));
  await expect(fetchAuthority("127.0.0.1", bare, TIMEOUT_MS)).rejects.toThrow("it shows no CA");
});

test("why a server cannot be asked: nobody there, no TLS, no answer, closed", async () => {
  const [nobody] = await freePorts(1);
  await expect(fetchAuthority("127.0.0.1", nobody, TIMEOUT_MS)).rejects.toThrow("connection refused");
  const web = await listen(createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
  await expect(fetchAuthority("127.0.0.1", web, TIMEOUT_MS)).rejects.toThrow("it does not speak TLS");
  const mute = await listen(createServer());
  await expect(fetchAuthority("127.0.0.1", mute, 200)).rejects.toThrow("no answer in 0.2 s");
  const closing = await listen(createServer((socket) => socket.destroy()));
  await expect(fetchAuthority("127.0.0.1", closing, TIMEOUT_MS)).rejects.toThrow("connection lost");
});
