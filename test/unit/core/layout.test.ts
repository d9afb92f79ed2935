import { describe, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { createMemory, workerBlock } from "../../../host/core/layout.ts";
import { OperationError } from "../../../host/model/errors.ts";

const options = { workers: 2, fdbCapacity: 65_536, addressCapacity: 5000, features: abi.FEATURE_USO };
const REGIONS: [header: number, bytes: (words: Uint32Array) => number][] = [
  [abi.H_VNI, () => abi.VNI_MAP_BYTES],
  [abi.H_NETWORK, () => abi.NETWORKS_MAX * abi.NETWORK_BYTES],
  [abi.H_FLOOD, () => abi.NETWORKS_MAX * 2 * abi.FLOOD_BYTES],
  [abi.H_PORT, () => abi.PORTS_MAX * abi.PORT_BYTES],
  [abi.H_VTEP, () => abi.VTEPS_MAX * abi.VTEP_BYTES],
  [abi.H_FDB, (words) => words[abi.H_FDB_SLOTS / 4] * abi.FDB_BYTES],
  [abi.H_FDB_SPARE, (words) => words[abi.H_FDB_SLOTS / 4] * abi.FDB_BYTES],
  [abi.H_ADDRESS, (words) => words[abi.H_ADDRESS_SLOTS / 4] * abi.ADDRESS_BYTES],
  [abi.H_ADDRESS_SPARE, (words) => words[abi.H_ADDRESS_SLOTS / 4] * abi.ADDRESS_BYTES],
  [abi.H_WORKER, (words) => words[abi.H_WORKERS / 4] * abi.WORKER_BYTES],
];

describe("the memory", () => {
  test.each([options, { ...options, workers: 8, fdbCapacity: 1_000_000 }, { ...options, workers: 1, fdbCapacity: 1, addressCapacity: 1 }])(
    "of %j holds every region, page-aligned, none over another",
    (layout) => {
      const memory = createMemory(layout);
      const words = new Uint32Array(memory.buffer, abi.HEADER, 256);
      const regions = REGIONS.map(([header, bytes]) => ({ from: words[header / 4], to: words[header / 4] + bytes(words) }));
      regions.sort((a, b) => a.from - b.from);
      expect(regions[0].from).toBe(abi.REGIONS);
      regions.forEach(({ from, to }, i) => {
        expect(from % 4096).toBe(0);
        expect(to).toBeLessThanOrEqual(regions[i + 1]?.from ?? memory.buffer.byteLength);
      });
    },
  );

  test("has room for twice the capacity, a power of two", () => {
    const words = new Uint32Array(createMemory(options).buffer, abi.HEADER, 256);
    expect([words[abi.H_FDB_SLOTS / 4], words[abi.H_ADDRESS_SLOTS / 4]]).toEqual([131_072, 16_384]);
    expect([words[abi.H_WORKERS / 4], words[abi.H_FEATURES / 4]]).toEqual([2, abi.FEATURE_USO]);
  });

  test("is shared and never grows", () => {
    const memory = createMemory(options);
    expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  test("says where a worker's block is", () => {
    const memory = createMemory(options);
    expect(workerBlock(memory, 1) - workerBlock(memory, 0)).toBe(abi.WORKER_BYTES);
    expect(workerBlock(memory, 1) + abi.WORKER_BYTES).toBeLessThanOrEqual(memory.buffer.byteLength);
  });

  test("that would be larger than 2 GiB is refused with the reason", () => {
    expect(() => createMemory({ ...options, fdbCapacity: 50_000_000 })).toThrow(OperationError);
    expect(() => createMemory({ ...options, fdbCapacity: 50_000_000 })).toThrow(/fdbCapacity 50000000 .*MiB/);
  });
});

describe("a worker's block", () => {
  test("holds its parts one behind another", () => {
    const parts = [
      [abi.W_STATS, 32 * 8],
      [abi.W_RX, abi.RX_MAX * abi.RX_BYTES],
      [abi.W_TX, abi.TX_MAX * abi.TX_BYTES],
      [abi.W_WRITE, abi.WRITE_MAX * abi.WRITE_BYTES],
      [abi.W_EVENTS, abi.EVENTS_MAX * abi.EVENT_BYTES],
      [abi.W_TX_BUCKETS, abi.BUCKETS * 8],
      [abi.W_MERGE_BUCKETS, abi.BUCKETS * 8],
      [abi.W_TOLD, abi.BUCKETS * 8],
      [abi.W_COUNTERS, abi.NETWORKS_MAX * abi.COUNTER_ROW_BYTES],
      [abi.W_REPLY, abi.REPLY_MAX * abi.REPLY_BYTES],
      [abi.W_RX_BUFFER, abi.RX_MAX * abi.RX_BUFFER_BYTES],
      [abi.W_TX_BUFFER, abi.TX_MAX * abi.TX_BUFFER_BYTES],
    ];
    parts.forEach(([from, bytes], i) => {
      expect(from % 64).toBe(0);
      expect(from + bytes).toBeLessThanOrEqual(parts[i + 1]?.[0] ?? abi.WORKER_BYTES);
    });
    expect(abi.D_IOV + abi.WRITE_IOVS_MAX * abi.IOV_BYTES).toBeLessThanOrEqual(abi.WRITE_BYTES);
    expect(abi.MERGE_FRAMES_MAX + 1).toBeLessThanOrEqual(abi.WRITE_IOVS_MAX);
    expect(abi.C_DROPPED + abi.REASONS).toBeLessThanOrEqual(abi.COUNTERS);
    expect(abi.COUNTERS * 8).toBeLessThanOrEqual(abi.COUNTER_ROW_BYTES);
    expect(abi.F_SOURCES + abi.VTEPS_MAX / 8).toBeLessThanOrEqual(abi.FLOOD_BYTES);
    // The longest train and the 15 bytes that writeSegment() may scribble behind it.
    expect(abi.TX_PAYLOAD_BYTES_MAX + 15).toBeLessThanOrEqual(abi.TX_BUFFER_BYTES);
  });
});
