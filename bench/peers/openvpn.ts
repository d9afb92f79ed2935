// OpenVPN between two hosts, carrying Ethernet frames over UDP without encryption and authentication, in user space.

import { DEVICE, tunnelPeer } from "./tunnel.ts";

const PORT = "1194";

export const openvpn = tunnelPeer({
  name: "openvpn",
  description: "OpenVPN, tap, no cipher",
  program: "openvpn",
  package: "openvpn",
  start: async ([a, b]) =>
    [
      [a.host, b.host],
      [b.host, a.host],
    ].map(([host, other]) =>
      host.lab.spawn(
        [
          "openvpn",
          ...["--dev", DEVICE, "--dev-type", "tap", "--proto", "udp4"],
          ...["--local", host.ip4, "--remote", other.ip4, "--port", PORT],
          ...["--cipher", "none", "--auth", "none", "--disable-dco"],
        ],
        { netns: host.netns, name: `openvpn ${host.name}` },
      ),
    ),
});
