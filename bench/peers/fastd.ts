// fastd, the mesh networks' tunnel, carrying Ethernet frames over UDP with its method `null`: neither encrypted nor authenticated.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lab/command.ts";
import { DEVICE, type End, tunnelPeer } from "./tunnel.ts";

const PORT = 10_000;

interface Key {
  secret: string;
  public: string;
}

async function key(): Promise<Key> {
  const text = await run(["fastd", "--machine-readable", "--generate-key"]);
  const secret = text.trim();
  const file = `secret "${secret}";\n`;
  return { secret, public: (await run(["fastd", "--machine-readable", "--show-key", "--config", "-"], { input: file })).trim() };
}

function configure({ host }: End, own: Key, other: End, theirs: Key): string {
  const file = join(host.lab.directory, `fastd-${host.name}.conf`);
  const lines = [
    "log level error;",
    `interface "${DEVICE}";`,
    "mode tap;",
    "mtu 1450;",
    'method "null";',
    `secret "${own.secret}";`,
    `bind ${host.ip4}:${PORT};`,
    `peer "${other.host.name}" { key "${theirs.public}"; remote ipv4 "${other.host.ip4}" port ${PORT}; }`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

export const fastd = tunnelPeer({
  name: "fastd",
  description: "fastd, tap, method null",
  program: "fastd",
  package: "fastd",
  start: async ([a, b]) => {
    const keys = [await key(), await key()];
    const files = [configure(a, keys[0], b, keys[1]), configure(b, keys[1], a, keys[0])];
    return [a.host, b.host].map((host, index) =>
      host.lab.spawn(["fastd", "--config", files[index]], { netns: host.netns, name: `fastd ${host.name}` }),
    );
  },
});
