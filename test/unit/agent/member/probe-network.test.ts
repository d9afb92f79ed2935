import { expect, test } from "vitest";
import { PROBE_NETWORK, probedPeers, setProbeNetwork } from "../../../../host/agent/member/probe-network.ts";
import { probeMac } from "../../../../host/model/cluster/probe-mac.ts";
import { PROBE_VNI } from "../../../../host/model/cluster/records.ts";
import type { Desired } from "../../../../host/model/forwarding.ts";
import { nodeRecord } from "../../follow/records.ts";

const B = nodeRecord("b", "10.99.0.2");
const C = nodeRecord("c", "10.99.0.3");

test("every other node's probe address is behind its VTEP, and nothing is flooded", () => {
  const desired: Desired = new Map();
  setProbeNetwork(desired, probedPeers([B, C]));
  const network = desired.get(PROBE_NETWORK);
  expect(network?.settings).toMatchObject({ vni: PROBE_VNI, probes: true, learning: false });
  expect(network?.peers.size).toBe(0);
  expect(network?.fdb).toEqual(
    new Map([
      [probeMac("b"), "10.99.0.2"],
      [probeMac("c"), "10.99.0.3"],
    ]),
  );
});

test("what has changed is told, and nothing else", () => {
  const desired: Desired = new Map();
  expect(setProbeNetwork(desired, probedPeers([B]))).toEqual({ frame: true, macs: new Set([probeMac("b")]), ips: new Set() });
  expect(setProbeNetwork(desired, probedPeers([B]))).toEqual({ frame: false, macs: new Set(), ips: new Set() });
  const moved = { ...B, vtep: "10.99.0.9" };
  expect(setProbeNetwork(desired, probedPeers([moved, C])).macs).toEqual(new Set([probeMac("b"), probeMac("c")]));
  expect(setProbeNetwork(desired, []).macs).toEqual(new Set([probeMac("b"), probeMac("c")]));
});
