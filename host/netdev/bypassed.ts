// What of the host would not see injected superframes (assembly/path/inject.ts): they go from the underlay TAP straight to the interface's queueing
// discipline. Each function gives one line that says what is in the way, or "". Main thread.

import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const TIMEOUT_MS = 10_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const FAMILIES = new Set(["ip", "ip6", "inet"]);
const HOOKS = new Set(["output", "postrouting"]);

/** IPsec: what a policy wants encrypted would leave in the clear. Rejects when `ip` fails. */
export async function xfrmInTheWay(): Promise<string> {
  const { stdout } = await run("ip", ["xfrm", "policy"], { timeout: TIMEOUT_MS });
  return stdout.trim() === "" ? "" : "the host has xfrm policies (ip xfrm policy), which injected packets would not pass";
}

interface Chain {
  family: string;
  table: string;
  name: string;
  type?: string;
  hook?: string;
  policy?: string;
}

type NftReply = { nftables: { chain?: Chain; rule?: unknown }[] };

/**
 * Filters on what the host sends: chains with rules, or that drop by default. Chains of type nat are left out: they translate addresses of new
 * connections, and an overlay's own are not to be translated. Rejects when `nft` fails.
 */
export async function netfilterInTheWay(): Promise<string> {
  const tables = legacyTables();
  if (tables.length > 0)
    return `the host has iptables-legacy tables (${tables.join(", ")}), whose OUTPUT chains injected packets would not pass`;
  let listed: NftReply;
  try {
    listed = await nft("list", "chains");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return "nft is not installed: whether the host filters what it sends is not known";
    throw error;
  }
  const chains = listed.nftables.flatMap(({ chain }) => chain ?? []);
  for (const chain of chains.filter(seesWhatIsSent)) {
    const { family, table, name } = chain;
    const inside = chain.policy === "drop" ? null : await nft("list", "chain", family, table, name);
    if (inside && !inside.nftables.some(({ rule }) => rule !== undefined)) continue;
    return `the host filters what it sends (nft list chain ${family} ${table} ${name}), and injected packets would pass by that`;
  }
  return "";
}

function seesWhatIsSent({ family, type, hook }: Chain): boolean {
  return FAMILIES.has(family) && type !== "nat" && hook !== undefined && HOOKS.has(hook);
}

async function nft(...words: string[]): Promise<NftReply> {
  const { stdout } = await run("nft", ["-j", ...words], { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX });
  return JSON.parse(stdout) as NftReply;
}

/** iptables-legacy tables that have an OUTPUT chain which may filter; only this file tells that they exist. */
function legacyTables(): string[] {
  const names = ["/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"].flatMap((path) => {
    try {
      return readFileSync(path, "utf8").split("\n");
    } catch {
      return [];
    }
  });
  return [...new Set(names.filter((name) => name !== "" && name !== "nat"))];
}

/**
 * A device with several transmit queues puts what a socket sends and what a TAP hands over into different ones, unless each CPU has its own (XPS):
 * then frames of one flow could overtake each other. `folder`: of the interfaces, for tests.
 */
export function queuesInTheWay(device: string, folder = "/sys/class/net"): string {
  const queues = join(folder, device, "queues");
  let names: string[];
  try {
    names = readdirSync(queues).filter((name) => name.startsWith("tx-"));
  } catch {
    return "";
  }
  if (names.length < 2 || names.every((name) => hasCpus(join(queues, name, "xps_cpus")))) return "";
  return `${device} has ${names.length} transmit queues that are not given to CPUs (XPS: ${queues}/tx-*/xps_cpus): frames of a flow could overtake each other`;
}

function hasCpus(path: string): boolean {
  try {
    return /[1-9a-f]/.test(readFileSync(path, "utf8"));
  } catch {
    return false;
  }
}
