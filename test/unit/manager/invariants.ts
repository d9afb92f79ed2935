// What holds of a store at every moment, whoever did what to it in which order.

import { expect } from "vitest";
import type { TestCluster } from "./cluster.ts";

/** No address and no MAC address has two owners, each is its owner's, and none has no owner but while it rests. */
export function expectConsistent(cluster: TestCluster): void {
  const { endpoints, addresses, macs } = cluster.contents();
  const claimed = endpoints.flatMap((endpoint) =>
    endpoint.addresses.map((cidr) => `${endpoint.network} ${cidr.split("/")[0]} ${endpoint.id} ${endpoint.node}`),
  );
  const owned = addresses
    .filter(({ endpoint }) => endpoint !== null)
    .map(({ network, ip, endpoint, node }) => `${network} ${ip} ${endpoint} ${node}`);
  expect(owned.sort()).toEqual(claimed.sort());
  expect(macs.map(({ network, mac, endpoint }) => `${network} ${mac} ${endpoint}`).sort()).toEqual(
    endpoints.map(({ network, mac, id }) => `${network} ${mac} ${id}`).sort(),
  );
  for (const { endpoint, restingMac } of addresses) expect(endpoint === null).toBe(restingMac !== undefined);
}
