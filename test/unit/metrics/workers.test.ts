import { expect, test } from "vitest";
import { RX_MAX } from "../../../assembly/abi/limits.ts";
import * as abi from "../../../assembly/abi/worker.ts";
import { exposition } from "../../../host/metrics/exposition.ts";
import { BATCH_BOUNDS } from "../../../host/metrics/workers.ts";
import { sampleView, words } from "../view.ts";
import { pick, samplesOf, total } from "./text.ts";

const scrape = async (values: BigUint64Array, restarts = 0) =>
  samplesOf(await exposition(sampleView({ stats: () => [{ worker: 2, values, restarts }] })).text());

test.each([
  ["weft_worker_breaths_total", {}, abi.S_BREATHS],
  ["weft_socket_dropped_datagrams_total", {}, abi.S_SOCKET_DROPS],
  ["weft_events_lost_total", {}, abi.S_EVENTS_LOST],
  ["weft_worker_gso_off_sockets", {}, abi.S_GSO_OFF],
  ["weft_worker_messages_total", { operation: "tap_read" }, abi.S_TAP_READS],
  ["weft_worker_messages_total", { operation: "receive" }, abi.S_DATAGRAMS],
  ["weft_worker_messages_total", { operation: "send" }, abi.S_SENDS],
  ["weft_worker_messages_total", { operation: "tap_write" }, abi.S_WRITES],
  ["weft_worker_calls_total", { operation: "tap_read" }, abi.S_TAP_READ_CALLS],
  ["weft_worker_calls_total", { operation: "receive" }, abi.S_RECEIVE_CALLS],
  ["weft_worker_calls_total", { operation: "send" }, abi.S_SEND_CALLS],
  ["weft_worker_calls_total", { operation: "tap_write" }, abi.S_WRITES],
])("%s %j is one word of the worker", async (name, labels, offset) => {
  const lines = await scrape(words(Object.fromEntries(Array.from({ length: 32 }, (_, i) => [i * 8, 500 + i]))));
  expect(pick(lines, name, labels).map(({ value, labels: all }) => ({ value, ...all }))).toEqual([
    { value: 500 + offset / 8, worker: "2", ...labels },
  ]);
});

test("restarts are the pool's", async () => {
  expect(total(await scrape(words(), 4), "weft_worker_restarts_total", { worker: "2" })).toBe(4);
});

test("batch sizes are a histogram whose last bucket holds all", async () => {
  const counts = [5, 0, 3, 0, 0, 1, 2];
  const buckets = Object.fromEntries(counts.map((count, i) => [abi.S_BATCH_SIZES + i * 8, count]));
  const lines = await scrape(words({ ...buckets, [abi.S_TAP_READS]: 100, [abi.S_DATAGRAMS]: 70 }));
  expect(pick(lines, "weft_worker_batch_size_bucket").map(({ labels, value }) => [labels.le, value])).toEqual([
    ["1", 5],
    ["2", 5],
    ["4", 8],
    ["8", 8],
    ["16", 8],
    ["32", 9],
    ["64", 11],
    ["+Inf", 11],
  ]);
  expect(total(lines, "weft_worker_batch_size_sum")).toBe(170);
  expect(total(lines, "weft_worker_batch_size_count")).toBe(11);
  expect(BATCH_BOUNDS.at(-1)).toBe(RX_MAX);
});
