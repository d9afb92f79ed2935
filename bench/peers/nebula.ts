// Nebula: a mesh of IP tunnels in user space. It carries IP packets, not frames, and cannot do without encryption. Its certificates come from a CA
// that is made on the spot.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { run } from "../../lab/command.ts";
import { DEVICE, type End, tunnelPeer } from "./tunnel.ts";

const PORT = 4242;
/** 1500 less IPv4 and UDP headers and Nebula's own 32 bytes. */
const MTU = 1500 - 20 - 8 - 32;
const ANYBODY = [{ port: "any", proto: "any", host: "any" }];

interface Certificate {
  crt: string;
  key: string;
}

function configure({ host }: End, other: End, own: Certificate, ca: Certificate, file: string): void {
  const settings = {
    pki: { ca: ca.crt, cert: own.crt, key: own.key },
    static_host_map: { [other.container.ip4]: [`${other.host.ip4}:${PORT}`] },
    lighthouse: { am_lighthouse: false, hosts: [] },
    listen: { host: host.ip4, port: PORT },
    tun: { dev: DEVICE, mtu: MTU },
    logging: { level: "error" },
    firewall: { outbound: ANYBODY, inbound: ANYBODY },
  };
  writeFileSync(file, stringify(settings));
}

export const nebula = tunnelPeer({
  name: "nebula",
  description: "Nebula (IP, encrypts)",
  program: "nebula",
  package: "nebula",
  mtu: MTU,
  ethernet: false,
  start: async ([a, b], { lab }) => {
    const directory = join(lab.directory, "nebula");
    mkdirSync(directory);
    const certificate = (name: string): Certificate => ({ crt: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) });
    const ca = certificate("ca");
    await run(["nebula-cert", "ca", "-name", "bench", "-out-crt", ca.crt, "-out-key", ca.key]);
    const daemons = [];
    for (const [end, other] of [
      [a, b],
      [b, a],
    ]) {
      const { host, container } = end;
      const own = certificate(host.name);
      const sign = ["-ca-crt", ca.crt, "-ca-key", ca.key, "-name", host.name, "-ip", `${container.ip4}/24`];
      await run(["nebula-cert", "sign", ...sign, "-out-crt", own.crt, "-out-key", own.key]);
      const file = join(directory, `${host.name}.yaml`);
      configure(end, other, own, ca, file);
      daemons.push(lab.spawn(["nebula", "-config", file], { netns: host.netns, name: `nebula ${host.name}` }));
    }
    return daemons;
  },
});
