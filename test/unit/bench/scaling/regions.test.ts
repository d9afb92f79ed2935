import { expect, test } from "vitest";
import * as abi from "../../../../assembly/abi/index.ts";
import { mapOf } from "../../../../bench/scaling/regions.ts";
import { LINE_BYTES } from "../../../../bench/scaling/tally.ts";
import { createMemory, workerBlock } from "../../../../host/core/layout.ts";

test("a line's place is what the header says", () => {
  const memory = createMemory({ workers: 3, fdbCapacity: 1000, addressCapacity: 1000, features: 0 });
  const header = new Uint32Array(memory.buffer, abi.HEADER);
  const place = mapOf(memory);
  const at = (offset: number) => place(Math.floor(offset / LINE_BYTES));
  expect(at(abi.HEADER + abi.H_TICK)).toEqual({ region: "header", worker: null });
  expect(at(header[abi.H_VNI / 4])).toEqual({ region: "VNI map", worker: null });
  expect(at(header[abi.H_VNI / 4] + abi.VNI_MAP_BYTES - 1)).toEqual({ region: "VNI map", worker: null });
  expect(at(header[abi.H_FDB / 4] + 4000)).toEqual({ region: "FDB", worker: null });
  expect(at(header[abi.H_FDB_SPARE / 4])).toEqual({ region: "spare FDB", worker: null });
  expect(at(header[abi.H_WORKER / 4] - 1)).toEqual({ region: "spare addresses", worker: null });
  const block = workerBlock(memory, 2);
  expect(at(block - 1)).toEqual({ region: "send buffers", worker: 1 });
  expect(at(block)).toEqual({ region: "state", worker: 2 });
  expect(at(block + abi.W_COUNTERS)).toEqual({ region: "counters", worker: 2 });
  expect(at(block + abi.W_RX_BUFFER - 1)).toEqual({ region: "replies", worker: 2 });
  expect(at(block + abi.WORKER_BYTES - 1)).toEqual({ region: "send buffers", worker: 2 });
});
