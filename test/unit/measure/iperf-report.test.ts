// The documents are iperf3 3.12's own, cut to what is read and a little beside it.

import { describe, expect, test } from "vitest";
import { errorOf, peerOf, readReport, tcpResult, udpResult, versionOf } from "../../../host/measure/iperf-report.ts";
import { OperationError } from "../../../host/model/errors.ts";

const SYSTEM = "Linux vm 6.18.44 #1 SMP PREEMPT_DYNAMIC @0 x86_64";
const TCP = {
  start: {
    connected: [{ socket: 5, local_host: "10.9.0.1", remote_host: "10.9.0.2" }],
    version: "iperf 3.12",
    system_info: SYSTEM,
    test_start: { protocol: "TCP", num_streams: 1, blksize: 131072, bytes: 0, reverse: 0 },
  },
  intervals: [],
  end: {
    streams: [],
    sum_sent: {
      start: 0,
      end: 1.00023,
      seconds: 1.00023,
      bytes: 1310064640,
      bits_per_second: 10478107155.35,
      retransmits: 625,
      sender: true,
    },
    sum_received: { start: 0, end: 1.000353, seconds: 1.000353, bytes: 1300234240, bits_per_second: 10398203354.2, sender: true },
    cpu_utilization_percent: { host_total: 26.9 },
  },
  server_output_json: { start: { version: "iperf 3.12", system_info: SYSTEM }, intervals: [], end: {} },
};
const SUM = { start: 0, end: 1.000114, seconds: 1.000114, bytes: 30016640, jitter_ms: 0.018, lost_packets: 295642, packets: 469010 };
const UDP = {
  start: { version: "iperf 3.12", system_info: SYSTEM, test_start: { protocol: "UDP", num_streams: 1, blksize: 64 } },
  end: {
    sum: SUM,
    sum_sent: { seconds: 1.00004, bytes: 30016640, lost_packets: 0, packets: 469010 },
    sum_received: { seconds: 1.000114, bytes: 11095552, lost_packets: 295642, packets: 469010 },
  },
};
const read = (value: unknown) => readReport(JSON.stringify(value));

describe("what a test brought", () => {
  test("TCP: what arrived counts", () => {
    const { bitsPerSecond, bytes, retransmits } = tcpResult(read(TCP));
    expect([bytes, retransmits]).toEqual([1300234240, 625]);
    expect(bitsPerSecond / 1e9).toBeCloseTo(10.398, 3);
  });

  test("UDP: datagrams that arrived, and the share that did not", () => {
    const { sentPerSecond, deliveredPerSecond, loss } = udpResult(read(UDP), 64);
    expect(sentPerSecond).toBeCloseTo(469010 / 1.00004, 3);
    expect(deliveredPerSecond).toBeCloseTo((469010 - 295642) / 1.000114, 3);
    expect(loss).toBeCloseTo(0.63035, 4);
  });

  test("UDP: lost datagrams that no later one followed are lost all the same", () => {
    // Nothing arrived after the first hundred, so the receiver knows of no gap.
    const silent = {
      ...UDP.end,
      sum: { ...SUM, lost_packets: 0 },
      sum_received: { seconds: 1, bytes: 6400, lost_packets: 0, packets: 100 },
    };
    expect(udpResult(read({ end: silent }), 64)).toMatchObject({ deliveredPerSecond: 100, loss: 1 - 100 / 469010 });
  });

  test("UDP from iperf3 3.9, which has one sum only", () => {
    const { sentPerSecond, deliveredPerSecond, loss } = udpResult(read({ end: { sum: SUM } }), 64);
    expect(sentPerSecond).toBeCloseTo(469010 / 1.000114, 3);
    expect(deliveredPerSecond).toBeCloseTo(173368 / 1.000114, 3);
    expect(loss).toBeCloseTo(0.63035, 4);
  });

  test.each([{}, { end: {} }, { end: { sum: { ...SUM, packets: 0 } } }, { end: { sum_received: { bytes: 0, seconds: 0 } } }])(
    "no figures are no result: %j",
    (report) => {
      expect(() => tcpResult(read(report))).toThrow(OperationError);
      expect(() => udpResult(read(report), 64)).toThrow(OperationError);
    },
  );
});

describe("who is at the other end", () => {
  test("its kernel and its iperf3, without the rest of uname", () => {
    expect(peerOf(read(TCP))).toEqual({ system: "Linux 6.18.44", iperf3: "3.12" });
  });

  test("a server that does not tell", () => {
    expect(peerOf(read(UDP))).toBeNull();
    expect(peerOf(read({ server_output_json: { start: {} } }))).toBeNull();
    expect(peerOf(read({ server_output_json: { start: { version: "x" } } }))).toEqual({ system: "unknown", iperf3: "unknown" });
  });

  test("the version of what is installed here", () => {
    expect(versionOf("iperf 3.12 (cJSON 1.7.15)\nLinux vm")).toBe("3.12");
    expect(versionOf("")).toBe("unknown");
  });
});

describe("what went wrong", () => {
  test("in iperf3's words, as client and as server", () => {
    expect(errorOf(read({ start: {}, end: {}, error: "unable to connect to server: Connection refused" }))).toBe(
      "unable to connect to server: Connection refused",
    );
    expect(errorOf(read({ error: "error - unable to start listener for connections: Address already in use" }))).toBe(
      "unable to start listener for connections: Address already in use",
    );
    expect(errorOf(read(TCP))).toBeNull();
  });

  test.each([
    ["", "iperf3 ended without a word"],
    ["iperf3: parameter error - x\n\nUsage: iperf3\nTry `iperf3 --help'\n", "iperf3 says: Try `iperf3 --help'"],
    ['{\n"error":\t"unable to receive cookie"\n}\n{\n}\n', "iperf3 says: unable to receive cookie"],
    ["[]", /^iperf3 prints what this weft does not understand: /],
    ['{"end":{"sum_received":{"bytes":"many","seconds":1}}}', /understand: end\.sum_received\.bytes: /],
    ["null", /understand/],
  ])("output that is no report: %j", (text, message) => {
    expect(() => readReport(text)).toThrow(message);
    expect(() => readReport(text)).toThrow(OperationError);
  });
});
