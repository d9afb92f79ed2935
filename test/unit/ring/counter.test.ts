import { expect, test } from "vitest";
import { C_DROPPED, C_SENT } from "../../../assembly/abi/counter.ts";
import { NETWORKS_MAX } from "../../../assembly/abi/limits.ts";
import { DROP_CORE_TRAP, DROP_PKT_TOO_SMALL } from "../../../assembly/abi/reason.ts";
import { readCounters } from "../../../host/core/read.ts";
import { Probe } from "../../oracle/probe.ts";

test("counters add up beyond 32 bits, each network in its own row", () => {
  const probe = new Probe({ workers: 2 });
  probe.call.attach(1);
  for (let i = 0; i < 4; i++) probe.call.count(NETWORKS_MAX - 1, C_SENT, 0xffffffff);
  probe.call.count(0, C_SENT, 1);
  probe.call.drop(3, DROP_PKT_TOO_SMALL, 2);
  probe.call.drop(3, DROP_CORE_TRAP, 5);
  expect(readCounters(probe.memory, 1, NETWORKS_MAX - 1)[C_SENT]).toBe(4n * 0xffffffffn);
  expect(readCounters(probe.memory, 1, 0)[C_SENT]).toBe(1n);
  const row = readCounters(probe.memory, 1, 3);
  expect([row[C_DROPPED + DROP_PKT_TOO_SMALL], row[C_DROPPED + DROP_CORE_TRAP]]).toEqual([2n, 5n]);
  expect(row.reduce((sum, value) => sum + value)).toBe(7n);
  expect(readCounters(probe.memory, 0, 3).every((value) => value === 0n)).toBe(true);
});
