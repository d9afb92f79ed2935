// Who this node is, with the certificate that it has now: server and client ask each time, and are told when it is another. Main thread.

import { X509Certificate } from "node:crypto";
import type { Role } from "../model/cluster/records.ts";
import { OperationError } from "../model/errors.ts";
import { type CertificateFacts, certifiedKeyHash, makeRequest, publicKeyHash, readCertificate } from "./certificate.ts";
import type { StateDir } from "./state-dir.ts";

/** What a manager answers a request for a certificate, in PEM. */
export interface Issued {
  certificate: string;
  authority: string;
}

export class Identity {
  readonly #state: StateDir;
  readonly #key: string;
  readonly #listeners = new Set<() => void>();
  #certificate: string;
  #authority: string;
  #facts: CertificateFacts;

  /** Of a member's state directory. Throws OperationError that names what is missing or damaged. */
  constructor(state: StateDir) {
    this.#state = state;
    this.#key = readable(state.key(), publicKeyHash, state.path, "key.pem");
    this.#certificate = readable(state.certificate(), readCertificate, state.path, "cert.pem");
    this.#authority = readable(state.authority(), certifiedKeyHash, state.path, "ca.pem");
    this.#facts = this.#check({ certificate: this.#certificate, authority: this.#authority });
  }

  get nodeId(): string {
    return this.#facts.nodeId;
  }

  get role(): Role {
    return this.#facts.role;
  }

  facts(): CertificateFacts {
    return this.#facts;
  }

  /** For connectStore() and startFront(). */
  tls(): { caPem: string; certPem: string; keyPem: string } {
    return { caPem: this.#authority, certPem: this.#certificate, keyPem: this.#key };
  }

  /** Told each time that the certificate is another; answers what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks for a certificate for the same key, and has it from then on, on disk too. */
  async renew(ask: (request: Uint8Array) => Promise<Issued>): Promise<void> {
    const issued = await ask(await makeRequest(this.#key));
    const facts = this.#check(issued);
    if (facts.nodeId !== this.nodeId) throw new OperationError(`the new certificate is of another node (${facts.nodeId})`);
    if (issued.authority !== this.#authority) this.#state.writeAuthority(issued.authority);
    this.#state.writeCertificate(issued.certificate);
    this.#authority = issued.authority;
    this.#certificate = issued.certificate;
    this.#facts = facts;
    for (const listener of this.#listeners) listener();
  }

  #check({ certificate, authority }: Issued): CertificateFacts {
    const facts = readCertificate(certificate);
    if (certifiedKeyHash(certificate) !== publicKeyHash(this.#key)) {
      throw new OperationError(`state directory ${this.#state.path}: the certificate is not of the key in key.pem`);
    }
    if (!new X509Certificate(certificate).verify(new X509Certificate(authority).publicKey)) {
      throw new OperationError(`state directory ${this.#state.path}: the certificate is not signed by the CA in ca.pem`);
    }
    return facts;
  }
}

/** A file's text, once `read` has made sense of it. */
function readable(text: string | null, read: (text: string) => unknown, directory: string, name: string): string {
  const refused = (how: string, cause?: unknown) =>
    new OperationError(
      `state directory ${directory}: ${name} is ${how}: weft leave --force and join again, or, of a manager, weft restore`,
      { cause },
    );
  if (text === null) throw refused("missing");
  try {
    read(text);
  } catch (error) {
    throw refused("damaged", error);
  }
  return text;
}
