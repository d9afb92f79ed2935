// wireguard-go: WireGuard in user space. It carries IP packets, not frames, and cannot do without encryption, so it does more than the others. Its
// device moves into the container while its UDP socket stays in the host.

import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import type { Host } from "../../lab/topology.ts";
import { eventually } from "../../lab/wait.ts";
import { tunnelPeer } from "./tunnel.ts";

const PORT = 51_820;
/** 1500 less IPv4 and UDP headers and WireGuard's own 32 bytes. */
const MTU = 1500 - 20 - 8 - 32;
/** X25519 keys stand at the end of their DER encodings. */
const KEY_BYTES = 32;

interface KeyPair {
  /** In hexadecimal, as the program's socket wants them. */
  secret: string;
  public: string;
}

function keyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("x25519", {
    privateKeyEncoding: { type: "pkcs8", format: "der" },
    publicKeyEncoding: { type: "spki", format: "der" },
  });
  return { secret: privateKey.subarray(-KEY_BYTES).toString("hex"), public: publicKey.subarray(-KEY_BYTES).toString("hex") };
}

/** Its control socket's path has the device's name alone in it, so that has to be one of a kind on the machine. */
const device = (host: Host) => `${host.lab.prefix}${host.name}`;

/** Sends the settings of the cross-platform interface (wireguard.com/xplatform) to the program's socket. */
async function configure(host: Host, settings: readonly string[]): Promise<void> {
  const path = `/var/run/wireguard/${device(host)}.sock`;
  await eventually(`wireguard-go's socket on host ${host.name}`, () => existsSync(path));
  const answer = await new Promise<string>((resolve, reject) => {
    let text = "";
    const socket = connect(path, () => socket.write(`set=1\n${settings.join("\n")}\n\n`));
    socket.setEncoding("utf8").on("error", reject);
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (!text.endsWith("\n\n")) return;
      socket.end();
      resolve(text.trim());
    });
  });
  if (answer !== "errno=0") throw new Error(`wireguard-go on host ${host.name} refused its settings: ${answer}`);
}

export const wireguardGo = tunnelPeer({
  name: "wireguard-go",
  description: "wireguard-go (IP, encrypts)",
  program: "wireguard-go",
  package: "wireguard-go",
  mtu: MTU,
  ethernet: false,
  device,
  start: async ([a, b]) => {
    const daemons = [a.host, b.host].map((host) => {
      const daemon = host.lab.spawn(["wireguard-go", "-f", device(host)], { netns: host.netns, name: `wireguard-go ${host.name}` });
      // Asked to end, it removes its socket; killed, it leaves it.
      host.lab.defer(() => daemon.stop());
      return daemon;
    });
    const keys = [keyPair(), keyPair()];
    const settings = (own: number, other: Host) => [
      `private_key=${keys[own].secret}`,
      `listen_port=${PORT}`,
      `public_key=${keys[1 - own].public}`,
      `endpoint=${other.ip4}:${PORT}`,
      "allowed_ip=0.0.0.0/0",
      "allowed_ip=::/0",
    ];
    await configure(a.host, settings(0, b.host));
    await configure(b.host, settings(1, a.host));
    return daemons;
  },
});
