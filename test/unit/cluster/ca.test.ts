import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { Authority } from "../../../host/cluster/ca.ts";
import { makeRequest, newKey, readCertificate } from "../../../host/cluster/certificate.ts";

const NOW = Date.UTC(2026, 0, 15, 12);
const DAY_MS = 86_400_000;
const holder = { nodeId: "n0de", clusterId: "c1uster", role: "manager" as const, hosts: ["10.99.0.1", "localhost", "fd00::1"] };

test("a node's certificate is signed by the CA, lasts 30 days, begins a day ago, and has the manager's addresses", async () => {
  const authority = await Authority.create("c1uster", NOW);
  const pem = await authority.issue(await makeRequest(newKey()), holder, NOW);
  const ca = new X509Certificate(authority.certificate);
  const certificate = new X509Certificate(pem);
  expect(certificate.checkIssued(ca) && certificate.verify(ca.publicKey)).toBe(true);
  expect(ca.ca).toBe(true);
  expect(certificate.ca).toBe(false);
  expect([certificate.checkIP("10.99.0.1"), certificate.checkIP("fd00::1"), certificate.checkHost("localhost")]).toEqual([
    "10.99.0.1",
    "fd00::1",
    "localhost",
  ]);
  expect(readCertificate(pem)).toEqual({
    nodeId: "n0de",
    clusterId: "c1uster",
    role: "manager",
    notBefore: NOW - DAY_MS,
    notAfter: NOW + 30 * DAY_MS,
  });
  expect(ca.validToDate.getUTCFullYear()).toBe(2046);
  expect(ca.validFromDate.getTime()).toBe(NOW - DAY_MS);
});

test("a CA comes back from its files, and only with its own key", async () => {
  const authority = await Authority.create("c1uster", NOW);
  const again = await Authority.load(authority.certificate, authority.key);
  const certificate = new X509Certificate(await again.issue(await makeRequest(newKey()), holder, NOW));
  expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  await expect(Authority.load(authority.certificate, newKey())).rejects.toThrow("the CA's key is not that of its certificate");
  await expect(Authority.load("x", authority.key)).rejects.toThrow("the CA's certificate or key cannot be read");
});
