// What operations answer (operations.ts says what they take). Fields are Docker's API's where Docker has them.

import type { Operation } from "./operations.ts";
import type { EndpointRecord } from "./records.ts";

/** Docker's network resource (`docker network inspect`); `Containers` is of the whole cluster, and `Peers` are the nodes that have any. */
export interface NetworkResource {
  Name: string;
  Id: string;
  Created: string;
  Scope: "global";
  Driver: "overlay";
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: { Driver: "default"; Options: Record<string, string>; Config: IpamConfig[] };
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: { Network: string };
  ConfigOnly: boolean;
  /** By container id, or `netns-…` and the endpoint's id for a namespace. `ls` leaves it empty. */
  Containers: Record<string, ContainerInNetwork>;
  Options: Record<string, string>;
  Labels: Record<string, string>;
  Peers?: { Name: string; IP: string }[];
  Status?: { IPAM: { Subnets: Record<string, { IPsInUse: number; DynamicIPsAvailable: number }> } };
  /** With `-v`: what else weft knows. `Mtu` is that of the containers; null while no node has said what its underlay carries. */
  Verbose?: { Vni: number; Mtu: number | null; Endpoints: EndpointRecord[]; Resting: string[] };
}

export interface IpamConfig {
  Subnet: string;
  IPRange?: string;
  Gateway: string;
  AuxiliaryAddresses?: Record<string, string>;
}

export interface ContainerInNetwork {
  Name: string;
  EndpointID: string;
  MacAddress: string;
  IPv4Address: string;
  IPv6Address: string;
  /** Name of the node that it is on. */
  Node: string;
}

/** In the manner of Docker's node object. */
export interface NodeResource {
  ID: string;
  CreatedAt: string;
  Spec: { Role: "worker" | "manager"; Availability: "active" | "drain"; Name: string };
  Description: { Hostname: string; Engine: { EngineVersion: string } };
  Status: { State: "ready" | "down" | "unknown"; Addr: string };
  ManagerStatus?: { Addr: string };
  /** Endpoints that it holds. */
  Endpoints: number;
  Incarnation: number;
}

export interface PeerResource {
  node: string;
  name: string;
  vtep: string;
  state: "reachable" | "suspect" | "down" | "unknown";
  /** Why it is suspect: nobody reaches the node, or only this path is broken. */
  cause: "node" | "path" | null;
  rttSeconds: number | null;
  /** Share of the last probes that were not answered, 0 to 1. */
  loss: number | null;
  /** Largest outer packet that came through, in bytes; null = not known yet. */
  pathMtu: number | null;
}

export interface ContainerResource {
  Id: string;
  Name: string;
  Command: string[];
  Created: string;
  State: "creating" | "running" | "exited";
  /** null while it runs; 128 + n when signal n ended it. */
  ExitCode: number | null;
  StartedAt: string | null;
  FinishedAt: string | null;
  Pid: number | null;
  Labels: Record<string, string>;
  /** Path of its network namespace. */
  SandboxKey: string;
  /** The words before a command that run it inside (`nsenter …`); empty when nothing runs there. */
  ExecPrefix: string[];
  LogPath: string;
  Networks: Record<
    string,
    { NetworkID: string; EndpointID: string; MacAddress: string; Addresses: string[]; Aliases: string[]; Interface: string }
  >;
}

/** A line of a container's log, as Docker's json-file has it: `GET /v1/containers/REF/logs` streams them. */
export interface LogLine {
  /** With its newline, unless the container ended before one, or the line was cut. */
  log: string;
  stream: "stdout" | "stderr";
  /** ISO 8601. */
  time: string;
}

/** Where one of several failed: the others were done. */
export interface Refused {
  name: string;
  message: string;
}

export interface ClusterInfo {
  clusterId: string;
  createdAt: string;
  dataPort: number;
  nodes: number;
  managers: string[];
}

interface Answers {
  "network.create": { Id: string; Warning: string };
  "network.ls": NetworkResource[];
  "network.inspect": { found: NetworkResource[]; refused: Refused[] };
  "network.rm": { removed: string[]; refused: Refused[] };
  "network.prune": { NetworksDeleted: string[] };
  "network.connect": { EndpointID: string; Interface: string; MacAddress: string; Addresses: string[] };
  "network.disconnect": Record<string, never>;
  "endpoint.create": EndpointRecord;
  "endpoint.remove": Record<string, never>;
  "node.register": { nodeId: string; clusterId: string; dataPort: number };
  "node.ls": NodeResource[];
  "node.inspect": { found: NodeResource[]; refused: Refused[] };
  "node.rm": { removed: string[]; refused: Refused[] };
  "node.drain": Record<string, never>;
  "node.leave": Record<string, never>;
  "token.show": { token: string };
  "cluster.time": { unixMilliseconds: number };
  "cluster.info": ClusterInfo;
  "container.run": { Id: string; Warnings: string[] };
  "container.ls": ContainerResource[];
  "container.inspect": { found: ContainerResource[]; refused: Refused[] };
  "container.rm": { removed: string[]; refused: Refused[] };
  "container.wait": { StatusCode: number };
  "container.signal": Record<string, never>;
  "cluster.leave": Record<string, never>;
  "cluster.backup": { bytes: number };
  "peer.ls": PeerResource[];
}

export type Answer<Name extends Operation> = Answers[Name];
