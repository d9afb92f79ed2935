// A manager whose certificate is renewed while it serves: new connections see the new one, those that are there stay.

import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, expect, test } from "vitest";
import { Admission } from "../../../../host/cluster/admission.ts";
import { loadAuthority } from "../../../../host/cluster/bootstrap.ts";
import { toPem } from "../../../../host/cluster/certificate.ts";
import { CLUSTER_KEY } from "../../../../host/model/cluster/keys.ts";
import { Ground } from "../../cluster/manager.ts";

const ground = new Ground();
afterAll(() => ground.close());

async function handshake(port: number): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  await once(socket, "secureConnect");
  return socket;
}

test("certificates are replaced live; the chain ends with the CA; TLS 1.3 only", async () => {
  const manager = await ground.manager();
  const member = await ground.member(manager);
  const before = await handshake(manager.port);
  const admission = new Admission({
    store: manager.store,
    authority: await loadAuthority(manager.state),
    clusterId: () => manager.record.id,
    embedded: true,
    now: Date.now,
  });
  await manager.identity.renew(async (csrDer) => {
    const caller = { nodeId: manager.identity.nodeId, role: "manager" as const };
    const { certificateDer, caDer } = await admission.renew(caller, { $typeName: "weft.v1.RenewRequest", csrDer });
    return { certificate: toPem(certificateDer as Uint8Array), authority: toPem(caDer?.[0] as Uint8Array) };
  });
  const after = await handshake(manager.port);
  expect(after.getPeerCertificate().serialNumber).not.toBe(before.getPeerCertificate().serialNumber);
  expect(toPem(after.getPeerCertificate().raw)).toBe(manager.identity.tls().certPem);
  expect(toPem(after.getPeerCertificate(true).issuerCertificate.raw)).toBe(manager.identity.tls().caPem);
  expect(after.getProtocol()).toBe("TLSv1.3");
  expect(before.destroyed).toBe(false);
  expect(await member.store.get(CLUSTER_KEY)).not.toBe(null);
  before.destroy();
  after.destroy();
});
