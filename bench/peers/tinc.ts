// tinc 1.0 as a switch of Ethernet frames over UDP, without cipher and digest: its shortest way.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lab/command.ts";
import { DEVICE, type End, tunnelPeer } from "./tunnel.ts";

/** tinc wants a key pair to let its ends recognise each other; it encrypts nothing else here, so a short one will do. */
const KEY_BITS = 1024;

async function configure({ host }: End, other: End): Promise<string> {
  const directory = join(host.lab.directory, `tinc-${host.name}`);
  mkdirSync(join(directory, "hosts"), { recursive: true });
  const main = [`Name = ${host.name}`, "Mode = switch", "DeviceType = tap", `Interface = ${DEVICE}`, `ConnectTo = ${other.host.name}`];
  writeFileSync(join(directory, "tinc.conf"), `${main.join("\n")}\n`);
  const self = [`Address = ${host.ip4}`, "Cipher = none", "Digest = none", "Compression = 0"];
  writeFileSync(join(directory, "hosts", host.name), `${self.join("\n")}\n`);
  await run(["tincd", "-c", directory, `-K${KEY_BITS}`], { input: "\n\n" });
  return directory;
}

export const tinc = tunnelPeer({
  name: "tinc",
  description: "tinc 1.0, switch mode, no cipher",
  program: "tincd",
  package: "tinc",
  start: async (ends) => {
    const directories = [await configure(ends[0], ends[1]), await configure(ends[1], ends[0])];
    for (const [index, { host }] of ends.entries()) {
      writeFileSync(join(directories[1 - index], "hosts", host.name), readFileSync(join(directories[index], "hosts", host.name)));
    }
    return ends.map(({ host }, index) =>
      host.lab.spawn(["tincd", "-c", directories[index], "-D", `--pidfile=${join(directories[index], "pid")}`], {
        netns: host.netns,
        name: `tincd ${host.name}`,
      }),
    );
  },
});
