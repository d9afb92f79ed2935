import { beforeEach, describe, expect, test } from "vitest";
import { LOSS_WINDOW, Peer, TIMEOUT_MS_MAX, TIMEOUT_MS_MIN } from "../../../../host/cluster/probe/peer.ts";
import { peerOf } from "./nodes.ts";

let peer: Peer;
beforeEach(() => {
  peer = new Peer(peerOf(1), { least: 576, full: 1450, firstAt: 0 });
});

/** A small probe at `at` that is answered after `ms`. */
function answered(at: number, ms: number): void {
  peer.sent(at, at, null);
  expect(peer.replied(at, at + ms)).toBeNull();
}

test("of one that has never answered nothing is known, and much is waited for", () => {
  expect([peer.roundTripMs, peer.loss, peer.timeoutMs]).toEqual([null, null, TIMEOUT_MS_MAX]);
});

test("the round trip is the first sample, then smoothed by an eighth; the wait is four of them, within bounds", () => {
  answered(0, 80);
  expect([peer.roundTripMs, peer.timeoutMs]).toEqual([80, 320]);
  answered(1000, 160);
  expect([peer.roundTripMs, peer.timeoutMs]).toEqual([90, 360]);
  for (let i = 2; i < 100; i++) answered(i * 1000, 0.2);
  expect([peer.roundTripMs?.toFixed(1), peer.timeoutMs]).toEqual(["0.2", TIMEOUT_MS_MIN]);
  for (let i = 100; i < 200; i++) answered(i * 1000, 900);
  expect(peer.timeoutMs).toBe(TIMEOUT_MS_MAX);
});

describe("losses", () => {
  test("are a share of the last 64, whatever came before", () => {
    for (let i = 0; i < LOSS_WINDOW; i++) {
      peer.sent(i, i * 5000, null);
      expect(peer.expire(i * 5000 + TIMEOUT_MS_MAX).alarming).toBe(true);
    }
    expect([peer.loss, peer.lost]).toEqual([1, LOSS_WINDOW]);
    for (let i = 0; i < 16; i++) answered(1e6 + i * 5000, 1);
    expect([peer.loss, peer.lost, peer.answered]).toEqual([0.75, LOSS_WINDOW, 16]);
    for (let i = 0; i < 2 * LOSS_WINDOW; i++) answered(2e6 + i * 5000, 1);
    expect(peer.loss).toBe(0);
  });

  test("before an answered probe are none to worry about", () => {
    peer.sent(1, 0, null);
    peer.sent(2, 50, null);
    expect(peer.replied(2, 60)).toBeNull();
    expect(peer.expire(1000).alarming).toBe(false);
    expect(peer.lost).toBe(1);
    peer.sent(3, 1000, null);
    expect(peer.expire(1199).alarming).toBe(false);
    expect(peer.expire(1200).alarming).toBe(true);
    expect(peer.expire(1250).alarming).toBe(false);
  });

  test("that come late after all are answers and round trips, and stay lost; later still they are nothing", () => {
    for (const nonce of [1, 2]) peer.sent(nonce, 0, null);
    expect(peer.expire(1000).alarming).toBe(true);
    expect(peer.replied(1, 1500)).toBeNull();
    expect([peer.lost, peer.answered, peer.roundTripMs]).toEqual([2, 0, 1500]);
    peer.expire(3000);
    expect(peer.replied(2, 3001)).toBeUndefined();
  });

  test("of large probes count for the size alone", () => {
    peer.sent(1, 0, 1450);
    peer.sent(2, 0, 1450);
    expect(peer.replied(1, 30)).toBe(1450);
    expect(peer.expire(1000)).toEqual({ alarming: false, size: 1450 });
    expect([peer.loss, peer.lost, peer.answered, peer.roundTripMs]).toEqual([null, 0, 0, null]);
  });
});

test("an answer counts once", () => {
  peer.sent(1, 0, null);
  expect([peer.replied(1, 1), peer.replied(1, 2), peer.replied(9, 3)]).toEqual([null, undefined, undefined]);
});

test("what is forgotten is neither answered nor lost", () => {
  peer.sent(1, 0, null);
  peer.sent(2, 0, 1450);
  peer.forget();
  expect([peer.replied(1, 1), peer.expire(9999), peer.forgotten, peer.lost]).toEqual([undefined, { alarming: false, size: null }, 1, 0]);
});

test("however many are sent, so many are remembered", () => {
  for (let nonce = 0; nonce < 1000; nonce++) peer.sent(nonce, 0, null);
  expect(peer.replied(0, 1)).toBeUndefined();
  peer.expire(1000);
  expect(peer.lost).toBe(64);
});
