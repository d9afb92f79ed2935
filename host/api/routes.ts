// What the API answers about the data plane, as a function of the request and the view. Pure: no sockets, no HTTP library.
//
//   GET /v1/info                        version and node
//   GET /v1/networks                    networks of this host
//   GET /v1/fdb                         forwarding entries
//   GET /v1/neighbors                   addresses that are answered for
//   GET /v1/vteps                       remote VTEPs
//
// `?network=NAME`, or the beginning of an id, leaves only that network's rows. An error is `{ "message": … }`, as Docker's API has it.

import { VERSION } from "../model/version.ts";
import type { DataPlaneView, NetworkView } from "../model/view.ts";
import type { InfoView } from "./client.ts";

export interface Answer {
  status: number;
  /** A list is sent row by row. */
  body: readonly unknown[] | object;
}

/** Networks that a refusal names. */
const NAMED_MAX = 5;

type Rows = (view: DataPlaneView, network: string | null) => readonly unknown[];

const ROWS: Record<string, Rows> = {
  "/v1/networks": (view, network) => view.networks().filter((row) => network === null || row.name === network),
  "/v1/fdb": (view, network) => ofNetwork(view.fdb(), network),
  "/v1/neighbors": (view, network) => ofNetwork(view.neighbors(), network),
  "/v1/vteps": (view, network) => view.vteps().filter((row) => network === null || row.networks.includes(network)),
};

/** Answers one request; `target` is the path and query of its first line. Throws what the view throws. */
export function route(method: string, target: string, view: DataPlaneView): Answer {
  const { pathname, searchParams } = new URL(target, "http://agent");
  const rows = Object.hasOwn(ROWS, pathname) ? ROWS[pathname] : undefined;
  if (rows === undefined && pathname !== "/v1/info") return refuse(404, `no such path: ${pathname}`);
  if (method !== "GET") return refuse(405, `${pathname} can only be read (GET)`);
  const allowed = rows === undefined ? [] : ["network"];
  for (const name of searchParams.keys()) {
    if (!allowed.includes(name)) return refuse(400, `${pathname} has no parameter ${JSON.stringify(name)}`);
    if (searchParams.getAll(name).length > 1) return refuse(400, `parameter ${JSON.stringify(name)} is given twice`);
  }
  if (rows === undefined) return { status: 200, body: { version: VERSION, ...view.node() } satisfies InfoView };
  const word = searchParams.get("network");
  if (word === null) return { status: 200, body: rows(view, null) };
  const here = view.networks();
  const network = here.find(({ name }) => name === word) ?? onlyBeginning(here, word);
  return network ? { status: 200, body: rows(view, network.name) } : refuse(404, nothingOf(word, here));
}

/** By the beginning of its id, when only one begins so. */
function onlyBeginning(networks: readonly NetworkView[], word: string): NetworkView | undefined {
  const begun = word === "" ? [] : networks.filter(({ id }) => id.startsWith(word));
  return begun.length === 1 ? begun[0] : undefined;
}

/** There may be such a network in the cluster, which nothing on this host is in. */
function nothingOf(word: string, here: readonly NetworkView[]): string {
  const names = here.slice(0, NAMED_MAX).map(({ name }) => name);
  const more = here.length > NAMED_MAX ? ` and ${here.length - NAMED_MAX} more` : "";
  return `this host is in no network ${JSON.stringify(word)}: it is in ${names.join(", ") || "none"}${more}`;
}

/** The answer to a request that went wrong. `exitCode`: what the command line shall end with, where it is a certain one. */
export function refuse(status: number, message: string, exitCode?: number): Answer {
  return { status, body: exitCode === undefined ? { message } : { message, exitCode } };
}

function ofNetwork<T extends { network: string }>(rows: T[], network: string | null): T[] {
  return network === null ? rows : rows.filter((row) => row.network === network);
}
