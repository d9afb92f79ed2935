import { expect, test } from "vitest";
import { refuseHidden } from "../../../host/ipam/hidden.ts";
import type { NetworkRecord } from "../../../host/model/cluster/records.ts";

const network = (name: string, ...subnets: string[]) => ({ name, subnets: subnets.map((subnet) => ({ subnet })) }) as NetworkRecord;
const NETWORKS = [network("blue", "10.0.0.0/24"), network("red", "10.0.1.0/24", "fd00:1::/64")];

test.each(["10.0.2.1", "10.1.0.5", "fd00:2::1", "::a00:1"])("%s is seen", (vtep) => {
  expect(() => refuseHidden(vtep, NETWORKS)).not.toThrow();
});

test.each([
  ["10.0.0.255", "network blue (10.0.0.0/24)"],
  ["10.0.1.0", "network red (10.0.1.0/24)"],
  ["fd00:1::9", "network red (fd00:1::/64)"],
])("%s is refused by name", (vtep, where) => {
  expect(() => refuseHidden(vtep, NETWORKS)).toThrow(`VTEP address ${vtep} lies in ${where}`);
});
