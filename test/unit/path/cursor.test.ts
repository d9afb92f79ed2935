import { beforeEach, expect, test } from "vitest";
import {
  DIRECTION_EGRESS,
  DIRECTION_INGRESS,
  RX_BYTES,
  W_DIRECTION,
  W_REPLICA,
  W_RX,
  W_RX_NEXT,
  W_RX_SEGMENT,
} from "../../../assembly/abi/worker.ts";
import { Probe } from "../../oracle/probe.ts";

let probe: Probe;
beforeEach(() => {
  probe = new Probe();
});

const word = (at: number) => probe.view.getUint32(probe.block + at, true);

test("a call begins at the first descriptor, goes on where it paused, and the next begins anew", () => {
  expect(probe.call.resume(DIRECTION_EGRESS, 10)).toBe(0);
  for (const index of [0, 1, 2]) probe.call.nextDescriptor(index);
  expect(probe.call.resume(DIRECTION_EGRESS, 10)).toBe(3);
  probe.call.finished();
  expect(word(W_DIRECTION)).toBe(0);
  expect(probe.call.resume(DIRECTION_INGRESS, 10)).toBe(0);
});

test("a frame is fresh until it is counted; then its network and its replicas are remembered until it is done", () => {
  probe.call.resume(DIRECTION_INGRESS, 2);
  expect([probe.call.isFresh(), probe.call.isReplicated()]).toEqual([1, 0]);
  for (const network of [0, 1, 1023]) {
    probe.call.started(network);
    expect([probe.call.isFresh(), probe.call.isReplicated(), probe.call.startedNetwork()]).toEqual([0, 0, network]);
    probe.call.replicated(7);
    expect([probe.call.isReplicated(), probe.call.startedNetwork(), word(W_REPLICA)]).toEqual([1, network, 7]);
    probe.call.nextFrame();
    expect([probe.call.isFresh(), probe.call.isReplicated(), word(W_REPLICA)]).toEqual([1, 0, 0]);
  }
});

test("descriptors lie one behind another; the next begins with its first segment", () => {
  probe.call.resume(DIRECTION_INGRESS, 3);
  expect([0, 1, 63].map((index) => probe.call.rxAt(index) - probe.block)).toEqual([W_RX, W_RX + RX_BYTES, W_RX + 63 * RX_BYTES]);
  probe.view.setUint32(probe.block + W_RX_SEGMENT, 1400, true);
  probe.call.nextDescriptor(0);
  expect([word(W_RX_NEXT), word(W_RX_SEGMENT)]).toEqual([1, 0]);
});

test("another instance on the same block stands where the first one was", () => {
  probe.call.resume(DIRECTION_EGRESS, 10);
  probe.call.nextDescriptor(4);
  probe.call.started(3);
  expect([word(W_DIRECTION), word(W_RX_NEXT), probe.call.startedNetwork()]).toEqual([DIRECTION_EGRESS, 5, 3]);
});
