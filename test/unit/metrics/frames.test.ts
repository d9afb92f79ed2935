import { describe, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/counter.ts";
import { exposition } from "../../../host/metrics/exposition.ts";
import { FRAME_FAMILIES, ZERO_SERIES_MAX } from "../../../host/metrics/frames.ts";
import { REASON_LIST } from "../../../host/model/reason.ts";
import fc from "../../oracle/property.ts";
import { row, sampleView } from "../view.ts";
import { pick, samplesOf, total } from "./text.ts";

const count = fc.integer({ min: 0, max: 2 ** 40 });
/** A row that keeps the identity of assembly/abi/counter.ts. */
const balanced = fc
  .record({
    ins: fc.array(count, { minLength: 4, maxLength: 4 }),
    outs: fc.array(fc.nat(), { minLength: 3 + REASON_LIST.length, maxLength: 3 + REASON_LIST.length }),
  })
  .map(({ ins, outs }) => {
    const whole = ins.reduce((a, b) => a + b, 0);
    const weights = outs.reduce((a, b) => a + b, 0) || 1;
    const shares = outs.map((weight) => Math.floor((whole / weights) * weight));
    shares[0] += whole - shares.reduce((a, b) => a + b, 0);
    return row({
      ...Object.fromEntries(ins.map((value, i) => [abi.C_RECEIVED_PORT + i, value])),
      [abi.C_DELIVERED]: shares[0],
      [abi.C_SENT]: shares[1],
      [abi.C_ANSWERED]: shares[2],
      ...Object.fromEntries(REASON_LIST.map(({ number }, i) => [abi.C_DROPPED + number, shares[3 + i]])),
    });
  });

describe("frames", () => {
  test("exact accounting can be checked from the metrics alone", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(balanced, { minLength: 1, maxLength: 3 }), async (rows) => {
        const counters = () =>
          rows.map((values, worker) => ({ network: worker === 0 ? "" : "blue", vni: worker === 0 ? null : 42, worker, values }));
        const lines = samplesOf(await exposition(sampleView({ counters })).text());
        for (const { network, worker } of counters()) {
          const of = { network, worker: String(worker) };
          const ins = ["received_port", "received_underlay"].map((direction) => total(lines, "weft_frames_total", { ...of, direction }));
          const outs = ["delivered", "sent"].map((direction) => total(lines, "weft_frames_total", { ...of, direction }));
          ins.push(total(lines, "weft_generated_frames_total", of), total(lines, "weft_copied_frames_total", of));
          outs.push(total(lines, "weft_answered_frames_total", of), total(lines, "weft_dropped_frames_total", of));
          expect(ins.reduce((a, b) => a + b)).toBe(outs.reduce((a, b) => a + b));
        }
      }),
      { numRuns: 20 },
    );
  });

  test.each<[string, Record<string, string>, number]>([
    ["weft_frames_total", { direction: "received_port" }, abi.C_RECEIVED_PORT],
    ["weft_frames_total", { direction: "received_underlay" }, abi.C_RECEIVED_UNDERLAY],
    ["weft_frames_total", { direction: "delivered" }, abi.C_DELIVERED],
    ["weft_frames_total", { direction: "sent" }, abi.C_SENT],
    ["weft_bytes_total", { direction: "received_port" }, abi.C_RECEIVED_PORT_BYTES],
    ["weft_bytes_total", { direction: "received_underlay" }, abi.C_RECEIVED_UNDERLAY_BYTES],
    ["weft_bytes_total", { direction: "delivered" }, abi.C_DELIVERED_BYTES],
    ["weft_bytes_total", { direction: "sent" }, abi.C_SENT_BYTES],
    ["weft_generated_frames_total", {}, abi.C_GENERATED],
    ["weft_copied_frames_total", {}, abi.C_COPIES],
    ["weft_answered_frames_total", {}, abi.C_ANSWERED],
    ["weft_merged_frames_total", {}, abi.C_MERGED],
    ["weft_ecn_suspect_frames_total", {}, abi.C_ECN_SUSPECT],
    ...REASON_LIST.map(
      ({ label, number }) =>
        ["weft_dropped_frames_total", { reason: label }, abi.C_DROPPED + number] as [string, Record<string, string>, number],
    ),
  ])("%s %j is one counter of the core", async (name, labels, index) => {
    const values = row(Object.fromEntries(Array.from({ length: abi.COUNTERS }, (_, i) => [i, 1000 + i])));
    const lines = samplesOf(await exposition(sampleView({ counters: () => [{ network: "blue", vni: 42, worker: 3, values }] })).text());
    expect(pick(lines, name, labels).map(({ value, labels: all }) => ({ value, ...all }))).toEqual([
      { value: 1000 + index, network: "blue", vni: "42", worker: "3", ...labels },
    ]);
  });

  test("frames of no network have empty labels", async () => {
    const lines = samplesOf(await exposition(sampleView()).text());
    expect(pick(lines, "weft_generated_frames_total").map(({ labels }) => labels)).toContainEqual({ network: "", vni: "", worker: "0" });
  });

  test("drops that never happened are 0, until there would be too many", () => {
    const drops = FRAME_FAMILIES.find(({ name }) => name === "weft_dropped_frames_total");
    const rows = (networks: number) =>
      Array.from({ length: networks }, (_, i) => ({
        network: `n${i}`,
        vni: i,
        worker: 0,
        values: row({ [abi.C_DROPPED + 1]: i === 0 ? 5 : 0 }),
      }));
    const few = Math.floor(ZERO_SERIES_MAX / REASON_LIST.length);
    expect([...(drops?.samples({ counters: rows(few) }) ?? [])]).toHaveLength(few * REASON_LIST.length);
    expect([...(drops?.samples({ counters: rows(few + 1) }) ?? [])]).toEqual([
      { labels: { network: "n0", vni: "0", worker: "0", reason: REASON_LIST[0].label }, value: 5 },
    ]);
  });
});
