// The CA's certificate as a server shows it, at the end of the chain of its TLS handshake. Nothing is sent and nothing is believed yet: who asks
// compares it with what the token pins. Main thread.

import { connect, type DetailedPeerCertificate } from "node:tls";
import { OperationError } from "../model/errors.ts";
import { whyNot } from "../store/client/reasons.ts";
import { toPem } from "./certificate.ts";

/** A chain of ours has two. */
const CHAIN_MAX = 8;

/** PEM. Rejects with OperationError that says why the server could not be asked. */
export function fetchAuthority(host: string, port: number, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, servername: "weft-manager", rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    const timer = setTimeout(() => socket.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)), timeoutMs);
    socket.once("secureConnect", () => {
      const root = rootOf(socket.getPeerCertificate(true));
      if (root) resolve(toPem(root.raw));
      else reject(new OperationError("it shows no CA"));
      socket.destroy();
    });
    socket.once("error", (error) => reject(new OperationError(whyNot(error), { cause: error })));
    socket.once("close", () => {
      clearTimeout(timer);
      reject(new OperationError("connection lost"));
    });
  });
}

function rootOf(certificate: DetailedPeerCertificate): DetailedPeerCertificate | null {
  let last = certificate;
  for (let length = 1; length <= CHAIN_MAX; length++) {
    const issuer = last.issuerCertificate;
    if (!issuer?.raw) return null; // the chain ends without one that signed itself
    if (issuer.fingerprint256 === last.fingerprint256) return last;
    last = issuer;
  }
  return null;
}
