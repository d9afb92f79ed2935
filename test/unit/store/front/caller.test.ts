import type { PeerCertificate } from "node:tls";
import { Metadata, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { callerOf } from "../../../../host/store/front/caller.ts";

const NOW = Date.UTC(2026, 0, 15);
const CLUSTER = { id: "c2", restoredFrom: "c1" };
const GOOD = { CN: "n1", O: "c2", OU: "weft-worker" };

interface Given {
  subject?: object | null;
  validTo?: string;
  claims?: string;
  standing?: "member" | "removed" | "unknown";
}

function judge({ subject = GOOD, validTo = "Jan 20 00:00:00 2026 GMT", claims, standing = "member" }: Given) {
  const metadata = new Metadata();
  if (claims !== undefined) metadata.set("weft-cluster", claims);
  const certificate = { subject, valid_to: validTo } as PeerCertificate;
  const call = { metadata, getAuthContext: () => (subject ? { transportSecurityType: "ssl", sslPeerCertificate: certificate } : {}) };
  return callerOf(call, CLUSTER, { standing: () => standing, onLeaving: () => () => {} }, NOW);
}

test("a verified certificate of a member says who calls, of this cluster or the one that it was restored from", () => {
  expect(judge({})).toEqual({ nodeId: "n1", role: "worker" });
  expect(judge({ subject: { ...GOOD, OU: "weft-manager" }, claims: "c2" })).toEqual({ nodeId: "n1", role: "manager" });
  expect(judge({ subject: { ...GOOD, O: "c1" }, claims: "c1" })).toEqual({ nodeId: "n1", role: "worker" });
});

test.each<[string, Given, string]>([
  ["no certificate", { subject: null }, "no certificate that is good in cluster c2"],
  ["another cluster by word", { subject: null, claims: "c9" }, 'this is a manager of cluster c2, not of "c9"'],
  ["another cluster by certificate", { subject: { ...GOOD, O: "c9" } }, 'this is a manager of cluster c2, not of "c9"'],
  ["an expired one", { validTo: "Jan 14 00:00:00 2026 GMT" }, "the certificate has expired: join again by token"],
  ["no unit", { subject: { CN: "n1", O: "c2" } }, "not one of a node"],
  ["two units", { subject: { ...GOOD, OU: ["weft-worker", "weft-manager"] } }, "not one of a node"],
  ["two names", { subject: { ...GOOD, CN: ["n1", "n2"] } }, "not one of a node"],
  ["a removed node", { standing: "removed" }, "node n1 was removed from the cluster: weft leave, then join again"],
])("%s is refused", (_, given, line) => {
  expect(() => judge(given)).toThrow(expect.objectContaining({ code: status.UNAUTHENTICATED, message: expect.stringContaining(line) }));
});

test("before the store has been read, another manager may know", () => {
  expect(() => judge({ standing: "unknown" })).toThrow(expect.objectContaining({ code: status.UNAVAILABLE }));
});
