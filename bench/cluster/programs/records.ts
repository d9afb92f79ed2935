// Puts nodes and endpoints into the store as managers write them, without asking one: a cluster as large as it is to be, in a minute. Its nodes live
// for as long as this program does.

import { createHash } from "node:crypto";
import { addressKey, aliveKey, endpointKey, macKey, nodeKey } from "../../../host/model/cluster/keys.ts";
import type { AddressRecord, EndpointRecord, NodeRecord } from "../../../host/model/cluster/records.ts";
import { ALIVE_KEEP_MS, ALIVE_TTL_SECONDS } from "../../../host/model/cluster/records.ts";
import type { Change } from "../../../host/model/cluster/store.ts";
import type { ClusterClient } from "../../../host/store/client/store.ts";
import { type Access, connectAs } from "./client.ts";
import { serve } from "./serve.ts";

/** etcd's bound. */
const CHANGES_MAX = 128;
/** Transactions under way at a time. */
const WINDOW = 16;
/** Endpoint number n has the address of the network's first subnet that is n + FIRST further. */
const FIRST = 1024;

interface Fill {
  network: string;
  /** E.g. 10.64.0.0: the first address of its subnet. */
  base: string;
  prefixLength: number;
  nodes: number;
  from: number;
  to: number;
}

let client: ClusterClient;
let lease = "";
let alive = new Set<number>();

const idOf = (what: string, number: number) => createHash("sha256").update(`${what} ${number}`).digest("hex");
const nodeId = (number: number) => idOf("node", number).slice(0, 25);

function numberOf(ip: string): number {
  return ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function textOf(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

function node(number: number): Change[] {
  const id = nodeId(number);
  const record: NodeRecord = {
    id,
    name: `node-${number}`,
    role: "worker",
    availability: "active",
    vtep: textOf(numberOf("10.98.0.1") + number),
    manager: null,
    joinedAt: new Date().toISOString(),
    deadSince: null,
  };
  return [
    { put: nodeKey(id), value: JSON.stringify(record) },
    { put: aliveKey(id), value: JSON.stringify({ incarnation: 1 }), lease },
  ];
}

function endpoint({ network, base, prefixLength, nodes }: Fill, number: number): Change[] {
  const id = idOf("endpoint", number);
  const ip = textOf(numberOf(base) + FIRST + number);
  const mac = `02:${(id.slice(0, 10).match(/../g) as string[]).join(":")}`;
  const owner = nodeId(number % nodes);
  const record: EndpointRecord = {
    id,
    network,
    node: owner,
    name: `container-${number}`,
    aliases: [],
    mac,
    addresses: [`${ip}/${prefixLength}`],
    container: idOf("container", number),
    createdAt: new Date().toISOString(),
  };
  const address: AddressRecord = { endpoint: id, node: owner };
  return [
    { put: endpointKey(network, owner, id), value: JSON.stringify(record) },
    { put: macKey(network, mac), value: id },
    { put: addressKey(network, ip), value: JSON.stringify(address) },
  ];
}

/** Several transactions at a time; an endpoint's records are in one. */
async function commit(things: Iterable<Change[]>): Promise<void> {
  const pieces = piecesOf(things);
  const work = async () => {
    for (let next = pieces.next(); !next.done; next = pieces.next()) await client.commit([], next.value);
  };
  await Promise.all(Array.from({ length: WINDOW }, work));
}

function* piecesOf(things: Iterable<Change[]>): Generator<Change[]> {
  let piece: Change[] = [];
  for (const changes of things) {
    if (piece.length + changes.length > CHANGES_MAX) {
      yield piece;
      piece = [];
    }
    piece.push(...changes);
  }
  if (piece.length > 0) yield piece;
}

function* numbered(from: number, to: number, make: (number: number) => Change[]): Generator<Change[]> {
  for (let number = from; number < to; number++) yield make(number);
}

async function keepAlive(): Promise<void> {
  lease = (await client.grantLease(ALIVE_TTL_SECONDS)).id;
  setInterval(() => {
    client.keepLease(lease).catch(async () => {
      // A machine that is too busy: they live again.
      lease = (await client.grantLease(ALIVE_TTL_SECONDS)).id;
      await commit([...alive].map(node));
    });
  }, ALIVE_KEEP_MS);
}

serve({
  async open(access: Access) {
    client = connectAs(access);
    await keepAlive();
  },
  /** Nodes 0 … nodes − 1, and endpoints `from` … `to` − 1 on them by turns. */
  async fill(fill: Fill) {
    const fresh = Array.from({ length: fill.nodes }, (_, number) => number).filter((number) => !alive.has(number));
    await commit(fresh.map(node));
    alive = new Set([...alive, ...fresh]);
    await commit(numbered(fill.from, fill.to, (number) => endpoint(fill, number)));
  },
});
