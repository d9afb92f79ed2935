// The cluster's own certificate authority. Its key is on managers only; tokens pin its certificate. Main thread.

import { isIP } from "node:net";
import { OperationError } from "../model/errors.ts";
import { ALGORITHM, certifiedKeyHash, newKey, publicKeyHash, readRequest, type Subject, signingKey, verifyingKey } from "./certificate.ts";
import { loadX509 } from "./x509.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AUTHORITY_YEARS = 20;
export const CERTIFICATE_DAYS = 30;
/** A certificate begins that long ago: clocks of hosts differ, by an hour and more. */
const BACKDATED_MS = 24 * HOUR_MS;

/** Whom a certificate is for. */
export interface Holder extends Subject {
  /** Names and addresses by which a manager is reached (etcdctl wants them; weft's own agents look at the role). */
  hosts: string[];
}

export class Authority {
  /** PEM. */
  readonly certificate: string;
  /** PKCS #8 in PEM. */
  readonly key: string;
  readonly #signingKey: CryptoKey;

  private constructor(certificate: string, key: string, signing: CryptoKey) {
    this.certificate = certificate;
    this.key = key;
    this.#signingKey = signing;
  }

  static async create(clusterId: string, now: number): Promise<Authority> {
    const x509 = await loadX509();
    const key = newKey();
    const signing = await signingKey(key);
    const name = `O=${clusterId}, CN=weft CA`;
    const publicKey = await verifyingKey(key);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: name,
      issuer: name,
      notBefore: new Date(now - BACKDATED_MS),
      notAfter: new Date(now + AUTHORITY_YEARS * 365.25 * DAY_MS),
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey: signing,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ],
    });
    return new Authority(`${certificate.toString("pem")}\n`, key, signing);
  }

  /** Throws OperationError when the key is not the certificate's. */
  static async load(certificate: string, key: string): Promise<Authority> {
    let fits: boolean;
    try {
      fits = publicKeyHash(key) === certifiedKeyHash(certificate);
    } catch (error) {
      throw new OperationError("the CA's certificate or key cannot be read", { cause: error });
    }
    if (!fits) throw new OperationError("the CA's key is not that of its certificate");
    return new Authority(certificate, key, await signingKey(key));
  }

  /** A certificate (PEM) for the key of a request (DER). Throws ValueError when the request is bad. */
  async issue(request: Uint8Array, holder: Holder, now: number): Promise<string> {
    const { publicKey } = await readRequest(request);
    const x509 = await loadX509();
    const authority = new x509.X509Certificate(this.certificate);
    const names = holder.hosts.map((host) => ({ type: isIP(host) ? ("ip" as const) : ("dns" as const), value: host }));
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `O=${holder.clusterId}, OU=weft-${holder.role}, CN=${holder.nodeId}`,
      issuer: authority.subject,
      notBefore: new Date(now - BACKDATED_MS),
      notAfter: new Date(now + CERTIFICATE_DAYS * DAY_MS),
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey: this.#signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
        await x509.AuthorityKeyIdentifierExtension.create(authority),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      ],
    });
    return `${certificate.toString("pem")}\n`;
  }
}
