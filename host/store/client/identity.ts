// Who is at the other end. A manager's certificate names no host: it is good when our CA signed it (TLS has looked) and it says that it is a
// manager's. A real etcd's names its host, as on the web. Main thread.

import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";

export interface Identity {
  /** What TLS asks for by name (SNI), of a host; it may not be an address. */
  serverName(host: string): string;
  /** What is wrong with a certificate that our CA signed; undefined when nothing is. */
  check(host: string, certificate: PeerCertificate): Error | undefined;
}

const MANAGER_UNIT = "weft-manager";

export const MANAGER: Identity = {
  serverName: () => MANAGER_UNIT,
  check(host, certificate) {
    const units = [certificate.subject?.OU ?? []].flat();
    return units.includes(MANAGER_UNIT) ? undefined : new Error(`${host} has a certificate of this cluster, but not a manager's`);
  },
};

export const HOST_NAME: Identity = {
  serverName: (host) => (isIP(host) ? "" : host),
  check: (host, certificate) => checkServerIdentity(host, certificate),
};
