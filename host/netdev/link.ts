// A namespace's interfaces as `ip -json -details address` reports them: what port.ts decides by. Main thread.

import { ipJson } from "./ip.ts";

export interface Link {
  ifname: string;
  flags: string[];
  mtu: number;
  address?: string;
  ifalias?: string;
  addr_info?: { local?: string; prefixlen?: number; scope?: string }[];
  linkinfo?: { info_kind?: string; info_data?: TunReport };
}

/** drivers/net/tun.c tun_fill_info. */
interface TunReport {
  type?: string;
  persist?: boolean;
  multi_queue?: boolean;
  /** Open file descriptors that are attached, in all processes. */
  numqueues?: number;
}

/** Every interface of a namespace. Rejects with IpError. */
export async function links(netnsPath: string): Promise<Link[]> {
  return (await ipJson<Link[]>(["-details", "address", "show"], netnsPath)).filter((link) => link.ifname !== undefined);
}

/** One interface, or undefined. Rejects with IpError. */
export async function findLink(netnsPath: string, name: string): Promise<Link | undefined> {
  return (await links(netnsPath)).find((link) => link.ifname === name);
}

/** True for a multi-queue TAP. */
export function isMultiQueueTap(link: Link): boolean {
  const report = link.linkinfo?.info_data;
  return link.linkinfo?.info_kind === "tun" && report?.type === "tap" && report.multi_queue === true;
}

/** Queues that some process has open. */
export function openQueues(link: Link): number {
  return link.linkinfo?.info_data?.numqueues ?? 0;
}
