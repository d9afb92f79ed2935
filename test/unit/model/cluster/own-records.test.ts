import { expect, test } from "vitest";
import { aliveKey, reportKey } from "../../../../host/model/cluster/keys.ts";
import { OWN_RECORD_BYTES_MAX, ownRecordFault } from "../../../../host/model/cluster/own-records.ts";

const fault = (key: string, value: unknown) => ownRecordFault(key, Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
const report = { version: "1.0.0", incarnation: 3, underlayMtu: 1500, routes: [{ destination: "10.0.0.0/8", device: "eth0" }] };

test("what an agent writes passes, with whatever a newer one adds", () => {
  expect(fault(aliveKey("w"), { incarnation: 1 })).toBe(null);
  expect(fault(reportKey("w"), { ...report, kernel: "7.0", routes: [{ ...report.routes[0], metric: 5 }] })).toBe(null);
});

test.each([
  [aliveKey("w"), "{oops", "it is not JSON"],
  [aliveKey("w"), "null", "expected object"],
  [aliveKey("w"), { incarnation: -1 }, "incarnation: "],
  [reportKey("w"), "", "it is not JSON"],
  [reportKey("w"), { ...report, underlayMtu: "1500" }, "underlayMtu: "],
  [reportKey("w"), { ...report, routes: 7 }, "routes: "],
  [reportKey("w"), { ...report, routes: [null] }, "routes: 0: "],
  [reportKey("w"), { ...report, routes: [{ destination: 5, device: "" }] }, "routes: 0: destination: "],
  [reportKey("w"), { ...report, version: "\u001b[31m1" }, "version: has control characters"],
  [reportKey("w"), { ...report, version: "1".repeat(65) }, "version: "],
])("%s %j: %s", (key, value, why) => {
  expect(fault(key, value)).toContain(why);
});

test("nothing is looked at that is too large", () => {
  expect(ownRecordFault(reportKey("w"), new Uint8Array(OWN_RECORD_BYTES_MAX + 1))).toBe("it has 1048577 bytes, more than 1048576");
});
