// Which function does which operation.

import type { ManagerOperation } from "../model/cluster/operations.ts";
import { clusterInfo, showToken } from "./cluster.ts";
import type { Handler } from "./context.ts";
import { createEndpoint } from "./endpoint-create.ts";
import { removeEndpoint } from "./endpoint-remove.ts";
import { createNetwork } from "./network-create.ts";
import { inspectNetworks, listNetworks } from "./network-read.ts";
import { pruneNetworks, removeNetworks } from "./network-remove.ts";
import { inspectNodes, listNodes } from "./node-read.ts";
import { registerNode } from "./node-register.ts";
import { drainNode, leaveCluster, removeNodes } from "./node-remove.ts";

export const HANDLERS: { [Name in ManagerOperation]: Handler<Name> } = {
  "network.create": (context, _caller, input) => createNetwork(context, input),
  // Agents read these two themselves; as an answer of a manager they are as long as one message may be.
  "network.ls": ({ store }, _caller, input) => listNetworks(store, input),
  "network.inspect": async ({ store }, _caller, input) => (await inspectNetworks(store, input)).whole(),
  "network.rm": (context, _caller, input) => removeNetworks(context, input),
  "network.prune": (context, _caller, input) => pruneNetworks(context, input),
  "endpoint.create": createEndpoint,
  "endpoint.remove": removeEndpoint,
  "node.register": registerNode,
  "node.ls": (context, _caller, input) => listNodes(context, input),
  "node.inspect": (context, _caller, input) => inspectNodes(context, input),
  "node.rm": (context, _caller, input) => removeNodes(context, input),
  "node.drain": (context, _caller, input) => drainNode(context, input),
  "node.leave": leaveCluster,
  "token.show": (context, _caller, input) => showToken(context, input),
  "cluster.time": async ({ now }) => ({ unixMilliseconds: now() }),
  "cluster.info": clusterInfo,
};
