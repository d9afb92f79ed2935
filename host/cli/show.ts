// `weft fdb show`, `weft neighbor show`, `weft vtep show`: what each asks the agent, in which order and columns it is shown.

import type { ApiClient } from "../api/client.ts";
import { parseIp } from "../model/ip.ts";
import type { FdbRow, NeighborRow, VtepRow } from "../model/view.ts";
import { type Column, formatJson, formatTable } from "./table.ts";

export type Format = "table" | "json";

interface Listing<Row> {
  fetch(client: ApiClient, network: string | undefined): Promise<Row[]>;
  /** Rows are shown in the order of this key. */
  key(row: Row): string;
  columns: readonly Column<Row>[];
}

const FDB: Listing<FdbRow> = {
  fetch: (client, network) => client.fdb(network),
  key: (row) => `${row.network} ${row.mac}`,
  columns: [
    { title: "NETWORK", text: (row) => row.network },
    { title: "VNI", text: (row) => String(row.vni) },
    { title: "MAC", text: (row) => row.mac },
    { title: "PORT", text: (row) => row.port ?? "" },
    { title: "VTEP", text: (row) => row.vtep ?? "" },
    { title: "STATE", text: (row) => row.state },
    { title: "AGE", text: (row) => (row.ageSeconds === null ? "" : `${Math.floor(row.ageSeconds)}s`) },
  ],
};

const NEIGHBORS: Listing<NeighborRow> = {
  fetch: (client, network) => client.neighbors(network),
  key: (row) => `${row.network} ${sortableIp(row.ip)}`,
  columns: [
    { title: "NETWORK", text: (row) => row.network },
    { title: "VNI", text: (row) => String(row.vni) },
    { title: "IP", text: (row) => row.ip },
    { title: "MAC", text: (row) => row.mac },
  ],
};

const VTEPS: Listing<VtepRow> = {
  fetch: (client, network) => client.vteps(network),
  key: (row) => sortableIp(row.address),
  columns: [
    { title: "ADDRESS", text: (row) => row.address },
    { title: "PORT", text: (row) => String(row.port) },
    { title: "MTU", text: (row) => String(row.mtu) },
    { title: "STATE", text: (row) => (row.suspended ? "suspended" : "active") },
    { title: "SUPERFRAMES", text: (row) => row.superframes },
    { title: "NETWORKS", text: (row) => row.networks.join(",") },
  ],
};

const LISTINGS = { fdb: FDB, neighbor: NEIGHBORS, vtep: VTEPS };
export type Subject = keyof typeof LISTINGS;

export interface ShowOptions {
  network: string | undefined;
  format: Format;
  bold: (text: string) => string;
}

/** The text of `weft SUBJECT show`. Rejects with OperationError. */
export function show(subject: Subject, client: ApiClient, options: ShowOptions): Promise<string> {
  return showListing(LISTINGS[subject] as Listing<unknown>, client, options);
}

async function showListing<Row>(listing: Listing<Row>, client: ApiClient, { network, format, bold }: ShowOptions): Promise<string> {
  const keyed = (await listing.fetch(client, network)).map((row) => ({ row, key: listing.key(row) }));
  const rows = keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ row }) => row);
  return format === "json" ? formatJson(rows) : formatTable(listing.columns, rows, bold);
}

/** The 16 bytes as hex digits: IPv4 together, in the order of numbers. */
function sortableIp(text: string): string {
  return Buffer.from(parseIp(text)).toString("hex");
}
