import { expect, test } from "vitest";
import { type OperationsParts, operationsOf } from "../../../../host/agent/member/operations.ts";
import { ClusterView } from "../../../../host/follow/cluster-view.ts";
import type { PeerResource } from "../../../../host/model/cluster/answers.ts";
import { nodeRecord } from "../../follow/records.ts";

const REACHABLE: Omit<PeerResource, "node" | "name" | "vtep"> = {
  state: "reachable",
  cause: null,
  rttSeconds: 0.001,
  loss: 0,
  pathMtu: 1500,
};

/** Who was asked what. */
function parts() {
  const asked: string[] = [];
  const room = (name: string) =>
    new Proxy(
      {},
      {
        get:
          (_, what) =>
          (...words: unknown[]) =>
            asked.push(`${name}.${String(what)} ${JSON.stringify(words[0])}`),
      },
    );
  const view = new ClusterView("self");
  const others = ["b", "c", "d"];
  view.setNodes(["self", ...others].map((node, n) => nodeRecord(node, `10.99.0.${n + 1}`)));
  view.nodes.setAlive(["self", "b"]);
  const peers = others.map((node) => ({ node, name: node, vtep: view.nodes.get(node)?.vtep ?? "", ...REACHABLE }));
  Object.assign(peers[1], { state: "suspect" });
  const all = {
    client: { do: async (name: string, input: unknown) => asked.push(`manager ${name} ${JSON.stringify(input)}`) },
    containers: room("containers"),
    connecting: room("connecting"),
    prober: { peers: () => peers },
    view,
    leave: async () => asked.push("leave"),
    backup: async () => asked.push("backup"),
  } as unknown as OperationsParts;
  return { asked, operations: operationsOf(all) };
}

const gone = new AbortController().signal;

test("what is of this host is done here, the rest a manager is asked for", async () => {
  const { asked, operations } = parts();
  await operations.do("container.ls", { all: true }, gone);
  await operations.do("network.connect", { network: "blue", target: "netns:x", ips: [], aliases: [] }, gone);
  await operations.do("node.ls", { filters: {} }, gone);
  await operations.do("cluster.leave", { force: false }, gone);
  expect(asked).toEqual([
    'containers.list {"all":true}',
    'connecting.connect {"network":"blue","target":"netns:x","ips":[],"aliases":[]}',
    'manager node.ls {"filters":{}}',
    "leave",
  ]);
});

test("a node whose lease has ended is down, unless it answers probes", async () => {
  const { operations } = parts();
  const peers = (await operations.do("peer.ls", {}, gone)) as PeerResource[];
  expect(peers.map(({ node, state }) => [node, state])).toEqual([
    ["b", "reachable"],
    ["c", "down"],
    ["d", "reachable"],
  ]);
});
