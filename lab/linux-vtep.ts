// The kernel's own VXLAN end: a vxlan device and a bridge in the host, a veth pair to each container. What weft is compared with and talks to.
//
//   container[eth0] ══ veth ══ [c0]br0[vx0] ──► UDP 4789 on the host's eth0

import { ipBatch, run } from "./command.ts";
import { addressOf, type Container, type Family, type Host } from "./topology.ts";

export interface LinuxVtepOptions {
  vni: number;
  family?: Family;
  /** Addresses that get broadcast, unknown unicast and multicast. */
  peers: readonly string[];
  /** MTU of the overlay; 1450 or 1430 by default. */
  mtu?: number;
  /** UDP destination port. */
  port?: number;
  /** Further words of `ip link add … type vxlan`: "udpcsum", "tos inherit", "ageing 10". */
  flags?: readonly string[];
}

export interface LinuxVtep {
  host: Host;
  /** Gives a container its eth0 on this overlay. */
  attach(container: Container): Promise<void>;
  /** MACs that the vxlan device has learned or was told, with the VTEP behind which they are. */
  fdb(): Promise<{ mac: string; dst: string }[]>;
  /** Removes the device, the bridge and the veths; the containers lose their eth0. */
  remove(): Promise<void>;
}

export async function linuxVtep(host: Host, options: LinuxVtepOptions): Promise<LinuxVtep> {
  const family = options.family ?? 4;
  const mtu = options.mtu ?? (family === 4 ? 1450 : 1430);
  const flags = (options.flags ?? []).join(" ");
  const local = addressOf(host, family);
  await ipBatch(
    [
      `link add vx0 mtu ${mtu} type vxlan id ${options.vni} local ${local} dev ${host.device} dstport ${options.port ?? 4789} ${flags}`,
      `link add br0 mtu ${mtu} type bridge`,
      "link set vx0 master br0 up",
      "link set br0 up",
    ],
    host.netns,
  );
  for (const peer of options.peers)
    await run(["bridge", "-n", host.netns, "fdb", "append", "00:00:00:00:00:00", "dev", "vx0", "dst", peer]);
  const ports: string[] = [];
  return {
    host,
    attach: async (container) => {
      const port = `c${ports.length}`;
      ports.push(port);
      await attachByVeth(host, port, "br0", container, mtu);
    },
    fdb: async () => {
      const rows = JSON.parse(await run(["bridge", "-json", "-n", host.netns, "fdb", "show", "dev", "vx0"])) as {
        mac: string;
        dst?: string;
      }[];
      return rows.flatMap((row) => (row.dst && row.mac !== "00:00:00:00:00:00" ? [{ mac: row.mac, dst: row.dst }] : []));
    },
    remove: () =>
      ipBatch(
        [...ports, "br0", "vx0"].map((device) => `link del ${device}`),
        host.netns,
      ),
  };
}

/** A veth pair whose far end is the container's configured eth0. `bridge`: what to enslave the near end to, if anything. */
export async function attachByVeth(host: Host, port: string, bridge: string | null, container: Container, mtu: number): Promise<void> {
  const near = ["ip", "link", "add", port, "mtu", `${mtu}`, "netns", host.netns];
  await run([...near, "type", "veth", "peer", "name", "eth0", "address", container.mac, "mtu", `${mtu}`, "netns", container.netns]);
  const addresses = container.cidrs.map((cidr) => `address add ${cidr} dev eth0${cidr.includes(":") ? " nodad" : ""}`);
  await ipBatch([...addresses, "link set eth0 up"], container.netns);
  await ipBatch([bridge === null ? `link set ${port} up` : `link set ${port} master ${bridge} up`], host.netns);
}
