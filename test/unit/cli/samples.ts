// What an agent answers about a small cluster, for tests of the command line.

import type { ContainerResource, NetworkResource, NodeResource, PeerResource } from "../../../host/model/cluster/answers.ts";

export function sampleNetwork(change: Partial<NetworkResource> = {}): NetworkResource {
  return {
    Name: "blue",
    Id: "x1k2x1k2x1k2x1k2x1k2x1k2x",
    Created: "2026-11-22T11:00:00.000Z",
    Scope: "global",
    Driver: "overlay",
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: {}, Config: [{ Subnet: "10.0.0.0/24", Gateway: "10.0.0.1" }] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: {},
    Options: {},
    Labels: { app: "shop", tier: "" },
    ...change,
  };
}

export function sampleNode(name: string, change: Partial<NodeResource> = {}): NodeResource {
  return {
    ID: `${name}23456789012345678901234`,
    CreatedAt: "2026-11-22T10:00:00.000Z",
    Spec: { Role: "worker", Availability: "active", Name: name },
    Description: { Hostname: name, Engine: { EngineVersion: "0.2.0" } },
    Status: { State: "ready", Addr: "10.99.0.2" },
    Endpoints: 3,
    Incarnation: 1,
    ...change,
  };
}

export function samplePeer(name: string, change: Partial<PeerResource> = {}): PeerResource {
  const node = sampleNode(name).ID;
  return { node, name, vtep: "10.99.0.2", state: "reachable", cause: null, rttSeconds: 0.000213, loss: 0, pathMtu: 1500, ...change };
}

export function sampleContainer(change: Partial<ContainerResource> = {}): ContainerResource {
  return {
    Id: "ab".repeat(32),
    Name: "shop",
    Command: ["sleep", "60"],
    Created: "2026-11-22T11:55:00.000Z",
    State: "running",
    ExitCode: null,
    StartedAt: "2026-11-22T11:55:01.000Z",
    FinishedAt: null,
    Pid: 4711,
    Labels: {},
    SandboxKey: "/run/netns/weft-abababababab",
    ExecPrefix: ["nsenter", "--net=/run/netns/weft-abababababab", "--"],
    LogPath: "/var/lib/weft/containers/x/log",
    Networks: {
      blue: {
        NetworkID: "x1k2",
        EndpointID: "e",
        MacAddress: "02:42:0a:00:00:02",
        Addresses: ["10.0.0.2/24"],
        Aliases: [],
        Interface: "eth0",
      },
    },
    ...change,
  };
}
