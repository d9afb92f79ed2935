// Virtual Distributed Ethernet: vde_plug joins a TAP and a point-to-point UDP connection, a frame a datagram. (Its VXLAN module finds its
// peers by IP multicast, and delivered nothing here.)

import { run } from "../../lab/command.ts";
import { DEVICE, tunnelPeer } from "./tunnel.ts";

const PORT = 5000;

export const vde = tunnelPeer({
  name: "vde",
  description: "VDE, vde_plug over UDP",
  program: "vde_plug",
  package: "vdeplug",
  start: async ([a, b]) => {
    const daemons = [];
    for (const [host, other] of [
      [a.host, b.host],
      [b.host, a.host],
    ]) {
      await run(["ip", "-n", host.netns, "tuntap", "add", DEVICE, "mode", "tap"]);
      const plugs = [`udp://${host.ip4}:${PORT}->${other.ip4}:${PORT}`, `tap://${DEVICE}`];
      daemons.push(host.lab.spawn(["vde_plug", ...plugs], { netns: host.netns, name: `vde_plug ${host.name}` }));
    }
    return daemons;
  },
});
