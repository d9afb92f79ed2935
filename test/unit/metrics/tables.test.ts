import { expect, test } from "vitest";
import { exposition } from "../../../host/metrics/exposition.ts";
import { sampleView } from "../view.ts";
import { pick, samplesOf } from "./text.ts";

const blue = { network: "blue", vni: "42" };
const red = { network: "red", vni: "43" };
const port = { ...blue, netns: "pcA", interface: "eth0" };

test.each([
  [
    "weft_fdb_entries",
    [
      [{ ...blue, state: "static" }, 1],
      [{ ...blue, state: "learned" }, 1],
      [{ ...red, state: "static" }, 0],
      [{ ...red, state: "learned" }, 1],
    ],
  ],
  [
    "weft_fdb_moves_total",
    [
      [blue, 3],
      [red, 0],
    ],
  ],
  [
    "weft_fdb_refused_total",
    [
      [blue, 0],
      [red, 7],
    ],
  ],
  [
    "weft_network_mtu_bytes",
    [
      [blue, 1450],
      [red, 1400],
    ],
  ],
  [
    "weft_peer_mtu_bytes",
    [
      [{ peer: "10.99.0.2" }, 1450],
      [{ peer: "10.99.0.3" }, 1400],
    ],
  ],
  [
    "weft_peer_superframes_injected",
    [
      [{ peer: "10.99.0.2" }, 0],
      [{ peer: "10.99.0.3" }, 1],
    ],
  ],
  [
    "weft_offload_active",
    [
      [{ offload: "udp_segment" }, 1],
      [{ offload: "tunnel_gso" }, 0],
    ],
  ],
  ["weft_port_up", [[port, 1]]],
  ["weft_port_dropped_frames_total", [[port, 5]]],
])("%s", async (name, expected) => {
  const lines = samplesOf(await exposition(sampleView()).text());
  expect(pick(lines, name).map(({ labels, value }) => [labels, value])).toEqual(expected);
});
