import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { udpChecksumErrors } from "../../../host/sys/snmp.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-snmp-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("adds the column of IPv4 and the line of IPv6", () => {
  const snmp = file("snmp", "Udp: InDatagrams NoPorts InCsumErrors\nUdp: 10 1 3\nUdpLite: InCsumErrors\nUdpLite: 9\n");
  const snmp6 = file("snmp6", "Udp6InDatagrams                 \t5\nUdp6InCsumErrors                \t4\nUdpLite6InCsumErrors\t6\n");
  expect(udpChecksumErrors(snmp, snmp6)).toBe(7);
});

test("is 0 where the kernel does not tell", () => {
  expect(udpChecksumErrors(join(folder, "none"), file("empty", ""))).toBe(0);
});

test("reads this kernel's files", () => {
  expect(udpChecksumErrors()).toBeGreaterThanOrEqual(0);
});
