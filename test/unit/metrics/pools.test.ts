import { expect, test } from "vitest";
import { exposition } from "../../../host/metrics/exposition.ts";
import { samplePools, sampleView } from "../view.ts";
import { pick, samplesOf } from "./text.ts";

test("a manager tells how full subnets, pools and VNIs are", async () => {
  const lines = samplesOf(await exposition(sampleView(), null, samplePools()).text());
  expect(pick(lines, "weft_subnet_addresses").map(({ labels, value }) => [labels, value])).toEqual([
    [{ network: "blue", vni: "4096", subnet: "10.0.0.0/24", state: "used" }, 3],
    [{ network: "blue", vni: "4096", subnet: "10.0.0.0/24", state: "resting" }, 1],
    [{ network: "blue", vni: "4096", subnet: "10.0.0.0/24", state: "free" }, 249],
  ]);
  expect(pick(lines, "weft_pool_subnets").map(({ labels, value }) => [labels, value])).toEqual([
    [{ pool: "10.0.0.0/8 by /24", state: "used" }, 1],
    [{ pool: "10.0.0.0/8 by /24", state: "free" }, 65_535],
  ]);
  expect(pick(lines, "weft_vnis").map(({ labels, value }) => [labels.state, value])).toEqual([
    ["used", 1],
    ["free", 16_773_118],
  ]);
});

test("no other host does", async () => {
  const lines = samplesOf(await exposition(sampleView()).text());
  for (const name of ["weft_subnet_addresses", "weft_pool_subnets", "weft_vnis"]) expect(pick(lines, name)).toEqual([]);
});
