// Every operation that this agent is asked for: what is of this host is done here, the rest is passed on to a manager. Main thread.

import type { Operations } from "../../api/operations.ts";
import type { ProbeThread } from "../../cluster/probe/probe-thread.ts";
import type { Connecting } from "../../endpoint/connect.ts";
import type { ContainerOperations } from "../../endpoint/containers.ts";
import type { ClusterView } from "../../follow/cluster-view.ts";
import { inspectNetworks, listNetworks } from "../../manager/network-read.ts";
import type { PeerResource } from "../../model/cluster/answers.ts";
import {
  type Checked,
  LOCAL_OPERATIONS,
  type LocalOperation,
  type ManagerOperation,
  type Operation,
} from "../../model/cluster/operations.ts";
import type { ClusterClient } from "../../store/client/store.ts";

export interface OperationsParts {
  client: ClusterClient;
  containers: ContainerOperations;
  connecting: Connecting;
  prober: ProbeThread;
  view: ClusterView;
  leave: (input: Checked<"cluster.leave">) => Promise<Record<string, never>>;
  backup: (input: Checked<"cluster.backup">) => Promise<{ bytes: number }>;
}

type Local = { [Name in LocalOperation]: (input: Checked<Name>, gone: AbortSignal) => unknown };

export function operationsOf({ client, containers, connecting, prober, view, leave, backup }: OperationsParts): Operations {
  const local: Local = {
    "network.connect": (input) => connecting.connect(input),
    "network.disconnect": (input) => connecting.disconnect(input),
    "container.run": (input) => containers.run(input),
    "container.ls": (input) => containers.list(input),
    "container.inspect": (input) => containers.inspect(input),
    "container.rm": (input) => containers.remove(input),
    "container.wait": (input, gone) => containers.wait(input, gone),
    "container.signal": (input) => containers.signal(input),
    "cluster.leave": leave,
    "cluster.backup": backup,
    "peer.ls": () => peersOf(prober, view),
  };
  // What may be too long for one message, or for a manager's time: read here, a page at a time.
  const read: { [Name in "network.ls" | "network.inspect"]: (input: Checked<Name>) => unknown } = {
    "network.ls": (input) => listNetworks(client, input),
    "network.inspect": (input) => inspectNetworks(client, input),
  };
  const isLocal = (name: Operation): name is LocalOperation => Object.hasOwn(LOCAL_OPERATIONS, name);
  const isRead = (name: Operation): name is keyof typeof read => Object.hasOwn(read, name);
  return {
    do: async (name, input, gone) => {
      if (isLocal(name)) return (local[name] as (input: unknown, gone: AbortSignal) => unknown)(input, gone);
      if (isRead(name)) return (read[name] as (input: unknown) => unknown)(input);
      return client.do(name as ManagerOperation, input as never);
    },
    logs: (reference, options) => containers.logs(reference, options),
  };
}

/** A node whose lease has ended is down, unless it answers probes: then it is cut off from the managers alone. */
function peersOf(prober: ProbeThread, view: ClusterView): PeerResource[] {
  return prober.peers().map((peer) => (view.nodes.isAlive(peer.node) || peer.state === "reachable" ? peer : { ...peer, state: "down" }));
}
