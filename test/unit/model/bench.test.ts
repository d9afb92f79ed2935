import { expect, test } from "vitest";
import { machineLine } from "../../../host/model/bench.ts";

test("a machine in one line, with the commit where there is one", () => {
  const machine = { cpu: "Xeon", cpus: 2, kernel: "6.18.0", weft: "0.1.0", commit: "c0662c5", iperf3: "3.12", load: 0.123 };
  expect(machineLine(machine)).toBe("2 × Xeon, Linux 6.18.0, weft 0.1.0 (c0662c5), iperf3 3.12, load 0.12");
  expect(machineLine({ ...machine, commit: null })).toContain("weft 0.1.0, ");
});
