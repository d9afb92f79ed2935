// The basic contract of an overlay between two containers, whoever its ends are: what one sends is what the other gets, for IPv4 and IPv6, small
// and large, one frame or many, in both directions.

import { expect, test } from "vitest";
import { ping } from "../../lab/traffic/ping.ts";
import { makeFile, sendDatagrams, sendFile, sendSegmented } from "../../lab/traffic/transfer.ts";
import type { Pair } from "./pair.ts";

const FILE_BYTES = 24 << 20;
const DATAGRAMS = 2000;
const DATAGRAM_BYTES_MIN = 4;
/** Whole in every MTU here. Fragments carry no ports, so they and whole datagrams of one flow may take different ways. */
const DATAGRAM_BYTES_MAX = 1380;
/** Not a multiple of what fits one send, so the last superframe is shorter. */
const SEGMENTED = 517;
const SEGMENT_BYTES = [100, 1373];
/** Larger than 1500 and than 8950: it travels as fragments. Three of them fit ping's socket (128 KiB), should it be slow to read. */
const LARGE_PING_BYTES = 10_000;

/** What the tests drive. */
export const EXCHANGE_PROGRAMS = ["socat"];

/** Declares the tests; `pair` is asked when they run. `deep` false: an end has no queues to speak of, and loses
 * superframes of datagrams, whoever sent them. */
export function exchanges(pair: () => Pair, { deep = true } = {}): void {
  const directions = [
    { way: "there", from: 0, to: 1 },
    { way: "back", from: 1, to: 0 },
  ];
  const cases = directions.flatMap((direction) => [4, 6].map((inner) => ({ ...direction, inner })));
  const ends = ({ from, to, inner }: (typeof cases)[number]) => {
    const { lab, containers } = pair();
    const address = inner === 4 ? containers[to].ip4 : containers[to].ip6;
    return { lab, route: { from: containers[from].netns, to: containers[to].netns, address } };
  };

  test.each(cases)("ping over IPv$inner, $way", async (direction) => {
    const { route } = ends(direction);
    const result = await ping(route.from, route.address, { count: 10, atOnce: true });
    expect(result, result.output).toMatchObject({ sent: 10, received: 10 });
  });

  test.each(cases)("a ping of fragments over IPv$inner, $way", async (direction) => {
    const { route } = ends(direction);
    const result = await ping(route.from, route.address, { count: 3, atOnce: true, size: LARGE_PING_BYTES });
    expect(result, result.output).toMatchObject({ sent: 3, received: 3 });
  });

  let file: ReturnType<typeof makeFile> | undefined;
  test.each(cases)("a file by TCP over IPv$inner, $way", async (direction) => {
    const { lab, route } = ends(direction);
    file ??= makeFile(lab, "file", FILE_BYTES);
    const result = await sendFile(lab, route, file.path);
    expect(result).toMatchObject({ bytes: FILE_BYTES, receivedSha256: file.sha256 });
  });

  test.each(cases)("datagrams of every size over IPv$inner, $way", async (direction) => {
    const { lab, route } = ends(direction);
    const result = await sendDatagrams(lab, route, DATAGRAMS, DATAGRAM_BYTES_MIN, DATAGRAM_BYTES_MAX);
    expect(result).toEqual({ sent: DATAGRAMS, received: DATAGRAMS, duplicates: 0, damaged: 0, late: 0 });
  });

  test.each(deep ? cases : [])("superframes of datagrams (UDP_SEGMENT) over IPv$inner, $way", async (direction) => {
    const { lab, route } = ends(direction);
    for (const bytes of SEGMENT_BYTES) {
      const result = await sendSegmented(lab, route, SEGMENTED, bytes);
      expect(result, `${bytes} B each`).toMatchObject({ sent: SEGMENTED, duplicates: 0, damaged: 0, late: 0 });
      expect(result.received + result.overflowed, JSON.stringify(result)).toBe(SEGMENTED);
    }
  });
}
