// n2n: edges that a supernode introduces to each other; frames then go between the edges. It cannot do without encryption.

import { DEVICE, tunnelPeer } from "./tunnel.ts";

const SUPERNODE_PORT = 7654;
const EDGE_PORT = "7655";

export const n2n = tunnelPeer({
  name: "n2n",
  description: "n2n (encrypts)",
  program: "edge",
  package: "n2n",
  start: async (ends) => {
    const [{ host: first }] = ends;
    first.lab.spawn(["supernode", "-l", `${SUPERNODE_PORT}`], { netns: first.netns, name: "supernode" });
    return ends.map(({ host, container }) =>
      host.lab.spawn(
        [
          ...["edge", "-d", DEVICE, "-m", container.mac, "-M", "1450", "-p", EDGE_PORT],
          ...["-a", container.ip4, "-s", "255.255.255.0", "-r"],
          ...["-c", "bench", "-k", "bench", "-l", `${first.ip4}:${SUPERNODE_PORT}`],
        ],
        { netns: host.netns, name: `edge ${host.name}` },
      ),
    );
  },
});
