// How a network of the cluster is forwarded: the control plane says where every MAC address is, so nothing is learned, and what comes from a
// host that is no member is dropped. Pure.

import type { NetworkRecord } from "../model/cluster/records.ts";
import type { NetworkSettings } from "../model/forwarding.ts";

const TTL = 64;
/** Of learned addresses, of which there are none. */
const AGEING_SECONDS = 300;

export function settingsOf({ name, vni, mtu }: Pick<NetworkRecord, "name" | "vni" | "mtu">): NetworkSettings {
  return {
    name,
    vni,
    mtu,
    learning: false,
    allowUnlistedSources: false,
    ignoreReservedBits: false,
    allowVlanTags: false,
    tos: "inherit",
    ttl: TTL,
    ageingSeconds: AGEING_SECONDS,
  };
}
