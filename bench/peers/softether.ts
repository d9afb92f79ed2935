// SoftEther VPN: a server on each host, whose virtual hub has a TAP; one hub cascades to the other, unencrypted. It carries frames over TCP, in blocks.
//
// A server has its settings, its lock and its log in fixed folders, so each gets file systems of its own there. It is set up by its own command
// interpreter.

import { run } from "../../lab/command.ts";
import type { Daemon } from "../../lab/daemon.ts";
import type { Host } from "../../lab/topology.ts";
import { eventually } from "../../lab/wait.ts";
import { tunnelPeer } from "./tunnel.ts";

const SERVER = "/usr/libexec/softether/vpnserver/vpnserver";
const START = `for d in /run /var/lib /var/log; do mount -t tmpfs tmpfs $d && mkdir $d/softether; done; exec ${SERVER} execsvc`;
const PORT = 5555;
const HUB = "DEFAULT";
const USER = "bench";
const CASCADE = "bench";
/** It calls the TAP tap_NAME. */
const TAP = "ov0";

/** Has the server of a host carry out a command. */
function manage(host: Host, ...words: string[]): Promise<string> {
  return run(["vpncmd", `localhost:${PORT}`, "/SERVER", `/HUB:${HUB}`, "/CMD", ...words], { netns: host.netns });
}

async function start(host: Host): Promise<Daemon> {
  // It forks; in a namespace of process ids of its own, all of it ends with the first.
  const own = ["unshare", "--mount", "--pid", "--fork", "--kill-child"];
  const server = host.lab.spawn([...own, "sh", "-c", START], { netns: host.netns, name: `vpnserver ${host.name}` });
  await eventually(`SoftEther on host ${host.name}`, () => manage(host, "Check"), 20_000);
  await run(["vpncmd", `localhost:${PORT}`, "/SERVER", "/CMD", "BridgeCreate", HUB, `/DEVICE:${TAP}`, "/TAP:yes"], { netns: host.netns });
  return server;
}

export const softether = tunnelPeer({
  name: "softether",
  description: "SoftEther, unencrypted",
  program: "vpnserver",
  package: "softether-vpnserver",
  device: () => `tap_${TAP}`,
  start: async ([{ host: a }, { host: b }]) => {
    const servers = [await start(a), await start(b)];
    await manage(b, "UserCreate", USER, "/GROUP:none", "/REALNAME:none", "/NOTE:none");
    await manage(b, "UserAnonymousSet", USER);
    await manage(a, "CascadeCreate", CASCADE, `/SERVER:${b.ip4}:${PORT}`, `/HUB:${HUB}`, `/USERNAME:${USER}`);
    await manage(a, "CascadeAnonymousSet", CASCADE);
    await manage(a, "CascadeEncryptDisable", CASCADE);
    await manage(a, "CascadeOnline", CASCADE);
    return servers;
  },
});
