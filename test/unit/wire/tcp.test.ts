import { expect, test } from "vitest";
import { Probe } from "../../oracle/probe.ts";

const probe = new Probe();

test("the data offset counts words, whatever the bits beside it", () => {
  for (let byte = 0; byte < 256; byte++) {
    const header = new Uint8Array(20);
    header[12] = byte;
    expect(probe.call.tcpHeaderBytes(probe.put(header, 1))).toBe((byte >> 4) * 4);
  }
});
