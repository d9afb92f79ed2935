// How a channel gets from a TCP connection to one that gRPC may use. Ours rather than gRPC's, because gRPC's leave a handshake that nobody
// answers open for ever, and put addresses where TLS wants names. Main thread.

import type { Socket } from "node:net";
import { connect, createSecureContext } from "node:tls";
import { CallCredentials, ChannelCredentials, type experimental } from "@grpc/grpc-js";
import type { Identity } from "./identity.ts";

/** In PEM; without certificate and key the caller stays unnamed. */
export interface TlsFiles {
  caPem: string;
  certPem?: string;
  keyPem?: string;
}

/** @param tls null = no TLS. */
export class Credentials extends ChannelCredentials {
  readonly #host: string;
  readonly #tls: TlsFiles | null;
  readonly #identity: Identity;
  readonly #sockets = new Set<Socket>();

  constructor(host: string, tls: TlsFiles | null, identity: Identity) {
    super();
    this.#host = host;
    this.#tls = tls;
    this.#identity = identity;
  }

  override _isSecure(): boolean {
    return this.#tls !== null;
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(): experimental.SecureConnector {
    const secureContext = this.#tls && createSecureContext({ ca: this.#tls.caPem, cert: this.#tls.certPem, key: this.#tls.keyPem });
    return {
      connect: async (socket) => {
        this.#sockets.add(socket);
        socket.once("close", () => this.#sockets.delete(socket));
        if (!secureContext) return { socket, secure: false };
        return { socket: await this.#handshake(socket, secureContext), secure: true };
      },
      waitForReady: async () => {},
      getCallCredentials: () => CallCredentials.createEmpty(),
      destroy: () => {},
    };
  }

  #handshake(socket: Socket, secureContext: ReturnType<typeof createSecureContext>): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const secure = connect({
        socket,
        secureContext,
        servername: this.#identity.serverName(this.#host),
        checkServerIdentity: (_, certificate) => this.#identity.check(this.#host, certificate),
        ALPNProtocols: ["h2"],
      });
      secure.once("secureConnect", () => resolve(secure));
      secure.once("error", reject);
      secure.once("close", () => reject(new Error("connection closed in the TLS handshake")));
    });
  }

  get isOpen(): boolean {
    return this.#sockets.size > 0;
  }

  /** Closes every connection that was made, whatever is on it. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
