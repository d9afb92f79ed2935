// Whose certificate is good.

import type { PeerCertificate } from "node:tls";
import { expect, test } from "vitest";
import { HOST_NAME, MANAGER } from "../../../../host/store/client/identity.ts";

const certificate = (subject: object, subjectaltname = "") => ({ subject, subjectaltname }) as unknown as PeerCertificate;

test("a manager's certificate says that it is one, whatever its host", () => {
  expect(MANAGER.check("10.0.0.1", certificate({ CN: "n", OU: "weft-manager" }))).toBeUndefined();
  expect(MANAGER.check("10.0.0.1", certificate({ CN: "n", OU: ["x", "weft-manager"] }))).toBeUndefined();
  for (const subject of [{ CN: "weft-manager", OU: "weft-worker" }, { CN: "n" }])
    expect(MANAGER.check("10.0.0.1", certificate(subject))?.message).toBe(
      "10.0.0.1 has a certificate of this cluster, but not a manager's",
    );
});

test("etcd's certificate names its host", () => {
  expect(HOST_NAME.check("127.0.0.1", certificate({ CN: "x" }, "IP Address:127.0.0.1"))).toBeUndefined();
  expect(HOST_NAME.check("127.0.0.2", certificate({ CN: "x" }, "IP Address:127.0.0.1"))?.message).toMatch(/not in the cert's list/);
});

test("an address is never asked for by name", () => {
  expect([HOST_NAME.serverName("::1"), HOST_NAME.serverName("etcd.example")]).toEqual(["", "etcd.example"]);
  expect(MANAGER.serverName("10.0.0.1")).toBe("weft-manager");
});
