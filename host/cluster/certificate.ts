// Keys, certificate requests and what a node's certificate says: CN = node id, OU = weft-worker | weft-manager, O = cluster id; P-256. A node
// keeps its key for as long as it is a member: by it, it is known again when its certificate has expired. Main thread.

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import type { Pkcs10CertificateRequest, PublicKey } from "@peculiar/x509";
import type { Role } from "../model/cluster/records.ts";
import { OperationError, ValueError } from "../model/errors.ts";
import { loadX509 } from "./x509.ts";

export const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** A request for P-256 is about 250 bytes. */
const REQUEST_BYTES_MAX = 4096;

/** What a certificate says of a node. */
export interface Subject {
  nodeId: string;
  clusterId: string;
  role: Role;
}

export interface CertificateFacts extends Subject {
  /** Milliseconds since 1970. */
  notBefore: number;
  notAfter: number;
}

/** A new private key, PKCS #8 in PEM. */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

/** SHA-256 (hex) of the public half of a private key in PEM. */
export function publicKeyHash(key: string): string {
  return hashOf(createPublicKey(createPrivateKey(key)).export({ type: "spki", format: "der" }));
}

/** For WebCrypto, which @peculiar/x509 signs with. */
export async function signingKey(key: string): Promise<CryptoKey> {
  const der = createPrivateKey(key).export({ type: "pkcs8", format: "der" });
  return crypto.subtle.importKey("pkcs8", new Uint8Array(der), ALGORITHM, false, ["sign"]);
}

export async function verifyingKey(key: string): Promise<CryptoKey> {
  const der = createPublicKey(createPrivateKey(key)).export({ type: "spki", format: "der" });
  return crypto.subtle.importKey("spki", new Uint8Array(der), ALGORITHM, true, ["verify"]);
}

/** A request (PKCS #10, DER) by a private key in PEM. It names nobody: who gets the certificate is decided by who signs it. */
export async function makeRequest(key: string): Promise<Uint8Array> {
  const keys = { privateKey: await signingKey(key), publicKey: await verifyingKey(key) };
  const x509 = await loadX509();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name: "CN=weft", keys, signingAlgorithm: ALGORITHM });
  return new Uint8Array(request.rawData);
}

/** The key that a request is for, once its signature has shown that who sent it has the private half. Throws ValueError. */
export async function readRequest(der: Uint8Array): Promise<{ publicKey: PublicKey; keyHash: string }> {
  const refused = (why: string, cause?: unknown) => new ValueError(`the certificate request ${why}`, { cause });
  if (der.length === 0 || der.length > REQUEST_BYTES_MAX) throw refused(`has ${der.length} bytes (1 to ${REQUEST_BYTES_MAX} expected)`);
  const x509 = await loadX509();
  let request: Pkcs10CertificateRequest;
  let good: boolean;
  try {
    request = new x509.Pkcs10CertificateRequest(new Uint8Array(der));
    good = await request.verify();
  } catch (error) {
    throw refused("cannot be read", error);
  }
  if (!good) throw refused("is not signed by its own key");
  const { algorithm } = request.publicKey;
  if (algorithm.name !== "ECDSA" || (algorithm as EcKeyAlgorithm).namedCurve !== "P-256") throw refused("is not for a P-256 key");
  return { publicKey: request.publicKey, keyHash: hashOf(new Uint8Array(request.publicKey.rawData)) };
}

/** What a node's certificate (PEM or DER) says. Throws OperationError when it is none of weft's. */
export function readCertificate(certificate: string | Uint8Array): CertificateFacts {
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(certificate);
  } catch (error) {
    throw new OperationError("the certificate cannot be read", { cause: error });
  }
  const fields = new Map(parsed.subject.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  const [nodeId, clusterId, role] = [fields.get("CN"), fields.get("O"), roleOf(fields.get("OU"))];
  if (!nodeId || !clusterId || !role) throw new OperationError("the certificate is not one of a node of a weft cluster");
  return { nodeId, clusterId, role, notBefore: parsed.validFromDate.getTime(), notAfter: parsed.validToDate.getTime() };
}

/** By a clock that may be wrong. */
export function isValid({ notBefore, notAfter }: Pick<CertificateFacts, "notBefore" | "notAfter">, now: number): boolean {
  return notBefore <= now && now < notAfter;
}

function roleOf(unit: string | undefined): Role | null {
  if (unit === "weft-worker") return "worker";
  return unit === "weft-manager" ? "manager" : null;
}

/** SHA-256 (hex) of the key that a certificate is for. */
export function certifiedKeyHash(certificate: string | Uint8Array): string {
  return hashOf(new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" }));
}

/** PKCS #8, between PEM and DER. */
export function privateKeyDer(pem: string): Uint8Array {
  return createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
}

export function privateKeyPem(der: Uint8Array): string {
  return createPrivateKey({ key: Buffer.from(der), type: "pkcs8", format: "der" }).export({ type: "pkcs8", format: "pem" }) as string;
}

export function toPem(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}

export function toDer(pem: string): Uint8Array {
  return new X509Certificate(pem).raw;
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
