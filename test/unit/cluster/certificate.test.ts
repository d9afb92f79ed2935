import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { Authority } from "../../../host/cluster/ca.ts";
import {
  certifiedKeyHash,
  makeRequest,
  newKey,
  publicKeyHash,
  readCertificate,
  readRequest,
  toDer,
  toPem,
} from "../../../host/cluster/certificate.ts";
import fc from "../../oracle/property.ts";

test("a request carries the key that it was made with, and proves it", async () => {
  const key = newKey();
  const request = await makeRequest(key);
  expect((await readRequest(request)).keyHash).toBe(publicKeyHash(key));
  const authority = await Authority.create("c", Date.now());
  const certificate = await authority.issue(request, { nodeId: "n", clusterId: "c", role: "worker", hosts: [] }, Date.now());
  expect(certifiedKeyHash(certificate)).toBe(publicKeyHash(key));
  expect(toPem(toDer(certificate))).toBe(certificate);
});

test("no changed byte of a request makes it one for another key", async () => {
  const key = newKey();
  const request = await makeRequest(key);
  await fc.assert(
    fc.asyncProperty(fc.nat(request.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const changed = request.slice();
      changed[at] ^= flip;
      // A few bytes mean nothing, e.g. the tag of the signature's parameters.
      const outcome = await readRequest(changed).catch((error: Error) => error);
      if (outcome instanceof Error) expect(outcome.message).toMatch(/^the certificate request /);
      else expect(outcome.keyHash).toBe(publicKeyHash(key));
    }),
    { numRuns: 100 },
  );
  await expect(readRequest(new Uint8Array())).rejects.toThrow("has 0 bytes");
  await expect(readRequest(new Uint8Array(5000))).rejects.toThrow("has 5000 bytes");
});

test("keys of other curves are refused", async () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "secp384r1" });
  await expect(makeRequest(privateKey.export({ type: "pkcs8", format: "pem" }) as string)).rejects.toThrow();
});

test("a certificate that is not of a node is refused", async () => {
  const authority = await Authority.create("c", Date.now());
  expect(() => readCertificate(authority.certificate)).toThrow("not one of a node of a weft cluster");
  expect(() => readCertificate("x")).toThrow("cannot be read");
});
