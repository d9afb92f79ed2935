// The front's side of TLS: one port for those with a certificate and those who come to get one. gRPC's own credentials either ask for no
// certificate or refuse whoever has none. The chain ends with the CA's certificate, so that a joiner can hold it against its token. Main thread.

import type { SecureContextOptions } from "node:tls";
import { ServerCredentials } from "@grpc/grpc-js";

/** The manager's certificate as it is now, in PEM. */
export interface LiveIdentity {
  tls(): { caPem: string; certPem: string; keyPem: string };
  /** Told each time that it is another; answers what ends that. */
  onChange(listener: () => void): () => void;
}

export class FrontCredentials extends ServerCredentials {
  readonly #identity: LiveIdentity;
  readonly #forget: () => void;

  constructor(identity: LiveIdentity) {
    super({ requestCert: true, rejectUnauthorized: false }, contextOf(identity));
    this.#identity = identity;
    // Connections that are made from then on have it.
    this.#forget = identity.onChange(() => this.updateSecureContextOptions(contextOf(this.#identity)));
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }

  close(): void {
    this.#forget();
  }
}

function contextOf(identity: LiveIdentity): SecureContextOptions {
  const { caPem, certPem, keyPem } = identity.tls();
  return { ca: caPem, cert: certPem + caPem, key: keyPem, minVersion: "TLSv1.3" };
}
