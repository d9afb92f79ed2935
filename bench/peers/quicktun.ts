// quicktun with its protocol `raw`: Ethernet frames as UDP payloads, one read and one write each. The least that a tunnel in user space can do.

import { DEVICE, tunnelPeer } from "./tunnel.ts";

export const quicktun = tunnelPeer({
  name: "quicktun",
  description: "quicktun, tap, raw",
  program: "quicktun",
  package: "quicktun",
  start: async ([a, b]) =>
    [
      [a.host, b.host],
      [b.host, a.host],
    ].map(([host, other]) =>
      host.lab.spawn(["quicktun"], {
        netns: host.netns,
        name: `quicktun ${host.name}`,
        // Debian's build reads what ifupdown gives it.
        environment: {
          IFACE: DEVICE,
          IF_QT_TUN_MODE: "0",
          IF_QT_PROTOCOL: "raw",
          IF_QT_LOCAL_ADDRESS: host.ip4,
          IF_QT_REMOTE_ADDRESS: other.ip4,
        },
      }),
    ),
});
