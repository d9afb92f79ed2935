// What may change whether and how superframes are injected, and where the host has routes to, heard from the kernel: so that nobody looks every
// second at what changes once a day. Main thread.

import * as k from "../sys/constants.ts";
import { SysError } from "../sys/errno.ts";
import { NetlinkListener } from "../sys/netlink.ts";

const PATHS =
  k.RTMGRP_LINK |
  k.RTMGRP_IPV4_IFADDR |
  k.RTMGRP_IPV4_ROUTE |
  k.RTMGRP_IPV4_RULE |
  k.RTMGRP_IPV6_IFADDR |
  k.RTMGRP_IPV6_ROUTE |
  k.RTMGRP_IPV6_RULE;

export class HostChanges {
  readonly #paths: NetlinkListener | undefined;
  readonly #neighbors: NetlinkListener | undefined;
  readonly #policies: NetlinkListener[];

  /** Throws SysError (EMFILE, ENOMEM). */
  constructor() {
    this.#paths = listener(k.NETLINK_ROUTE, PATHS);
    this.#neighbors = listener(k.NETLINK_ROUTE, k.RTMGRP_NEIGH);
    const policies = [listener(k.NETLINK_XFRM, k.XFRMNLGRP_POLICY_MASK), listener(k.NETLINK_NETFILTER, k.NFNLGRP_NFTABLES_MASK)];
    this.#policies = policies.filter((each) => each !== undefined);
  }

  /** Whether links, addresses, routes or rules have changed since the last call. */
  paths(): boolean {
    return this.#paths?.changed() ?? false;
  }

  /** Whether neighbours have: on a link with many hosts one does every second, if only from known to perhaps outdated. */
  neighbors(): boolean {
    return this.#neighbors?.changed() ?? false;
  }

  /** Whether xfrm policies or nftables rules have. */
  policies(): boolean {
    return this.#policies.map((each) => each.changed()).includes(true);
  }

  close(): void {
    this.#paths?.close();
    this.#neighbors?.close();
    for (const each of this.#policies) each.close();
  }
}

/** Links, addresses, routes and rules alone. Throws SysError (EMFILE, ENOMEM). */
export function pathChanges(): NetlinkListener {
  return new NetlinkListener(k.NETLINK_ROUTE, PATHS);
}

/** undefined: this kernel has no such tables. */
function listener(protocol: number, groups: number): NetlinkListener | undefined {
  try {
    return new NetlinkListener(protocol, groups);
  } catch (error) {
    if (error instanceof SysError && error.code === "EPROTONOSUPPORT") return undefined;
    throw error;
  }
}
