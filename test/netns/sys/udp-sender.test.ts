// Sends over a real wire: segmentation, TOS and TTL as a decoder sees them, and the refusals that loopback does not have.

import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as reason from "../../../assembly/abi/reason.ts";
import { PATH_MTU_EVENTS_MAX } from "../../../host/sys/udp-sender.ts";
import { fields } from "../../../lab/capture.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { eventually } from "../../../lab/wait.ts";
import { pattern } from "../../contract/sys/stage.ts";
import { describeNetns } from "../needs.ts";
import { ADDRESSES, Ends, makeWire, PORT, type Wire } from "./wire.ts";

const OK = [0, reason.DROP_NONE];

describeNetns("UdpSender over a veth", ["tcpdump", "tshark", "ethtool"], () => {
  let lab: Lab;
  let wire: Wire;
  beforeAll(async () => {
    lab = await Lab.open();
    wire = await makeWire(lab);
  });
  afterAll(() => lab?.close());

  describe.each([4, 6] as const)("IPv%i", (family) => {
    const { near, far } = ADDRESSES[family];
    const prefix = family === 4 ? 32 : 128;
    let ends: Ends;
    beforeEach(async () => {
      ends = await Ends.open(wire, family);
    });
    afterEach(() => ends?.close());

    /** Largest UDP payload of an MTU. */
    const payload = (mtu: number) => mtu - (family === 4 ? 28 : 48);

    test("a superframe arrives as one, with its TOS", async () => {
      const bytes = pattern(44 * 1450 - 3);
      ends.stage.sends([{ bytes, segmentBytes: 1450, tos: 0xb9 }]);
      expect(ends.sender.send()).toBe(1);
      const [got] = await ends.receive(44);
      expect(got).toMatchObject({ length: bytes.length, segmentBytes: 1450, tos: 0xb9, source: near });
      expect(Buffer.compare(got.bytes, bytes)).toBe(0);
    });

    test("on the wire: segments, TOS, TTL, DF and checksums as asked", async () => {
      await run(["ethtool", "-K", "wire", "tx", "off"], { netns: wire.near });
      const file = join(lab.directory, `wire-${family}.pcap`);
      const tape = lab.spawn(["tcpdump", "-n", "-U", "-Z", "root", "--immediate-mode", "-i", "wire", "-w", file, "udp"], {
        netns: wire.far,
      });
      await tape.waitFor(/listening on/, "stderr");
      ends.stage.sends([
        { bytes: pattern(2500), segmentBytes: 1000, tos: 0x2e, ttl: 17 },
        { bytes: pattern(100), ttl: 255 },
        { bytes: pattern(101) },
      ]);
      ends.sender.send();
      await ends.receive(5);
      await eventually("the wire's packets in the file", async () => (await fields(file, ["frame.number"], "udp")).length === 5);
      await tape.stop("SIGINT");
      await run(["ethtool", "-K", "wire", "tx", "on"], { netns: wire.near });
      const names = family === 4 ? ["ip.dsfield", "ip.ttl", "ip.flags.df"] : ["ipv6.tclass", "ipv6.hlim"];
      const rows = await fields(file, [...names, "udp.length", "udp.srcport", "udp.checksum.status"], "udp");
      const [tosName, ttlName] = names;
      expect(rows.map((row) => [Number(row[tosName][0]), Number(row[ttlName][0]), Number(row["udp.length"][0]) - 8])).toEqual([
        [0x2e, 17, 1000],
        [0x2e, 17, 1000],
        [0x2e, 17, 500],
        [0, 255, 100],
        [0, 64, 101],
      ]);
      expect(rows.every((row) => row["udp.checksum.status"][0] === "1" && Number(row["udp.srcport"][0]) >= 61_000)).toBe(true);
      if (family === 4) expect(rows.every((row) => ["1", "True"].includes(row["ip.flags.df"][0]))).toBe(true);
    });

    test("larger than the path: counted, remembered, and the others go", async () => {
      const fits = payload(1500);
      ends.stage.sends([
        { bytes: pattern(fits) },
        { bytes: pattern(fits + 1) },
        { bytes: pattern(3 * (fits + 1)), segmentBytes: fits + 1 },
        { bytes: pattern(2 * fits), segmentBytes: fits },
      ]);
      ends.sender.send();
      expect(ends.stage.sent(4)).toEqual([OK, [1, reason.DROP_PKT_TOO_BIG], [3, reason.DROP_PKT_TOO_BIG], OK]);
      expect([...ends.sender.pathMtuEvents]).toEqual([1]);
      expect(ends.sender.gsoOff).toBe(0);
      await ends.receive(3);
    });

    test("the path MTU is the route's, and a send knows it at once", async () => {
      expect(await ends.place.call("pathMtu", near, far, PORT)).toBe(1500);
      await ipBatch([`route replace ${far}/${prefix} dev wire mtu 1400`], wire.near);
      expect(await ends.place.call("pathMtu", near, far, PORT)).toBe(1400);
      ends.stage.sends([{ bytes: pattern(payload(1400)) }, { bytes: pattern(payload(1400) + 1) }]);
      ends.sender.send();
      expect(ends.stage.sent(2)).toEqual([OK, [1, reason.DROP_PKT_TOO_BIG]]);
      await ipBatch([`route del ${far}/${prefix} dev wire mtu 1400`], wire.near);
    });

    test("path MTU events are bounded", () => {
      for (let i = 1; i <= 2 * PATH_MTU_EVENTS_MAX; i++) ends.stage.vtep(i, far, PORT);
      for (let from = 0; from < 2 * PATH_MTU_EVENTS_MAX; from += 64) {
        ends.stage.sends(Array.from({ length: 64 }, (_, i) => ({ bytes: pattern(2000), vtep: 1 + from + i })));
        ends.sender.send();
      }
      expect(ends.sender.pathMtuEvents.size).toBe(PATH_MTU_EVENTS_MAX);
    });

    test("no route, a forbidden one, and a wire that is down", async () => {
      const [nowhere, prohibited] = family === 4 ? ["192.0.2.1", "10.99.0.77"] : ["2001:db8::1", "fd99::77"];
      await ipBatch([`route add prohibit ${prohibited}/${prefix}`], wire.near);
      ends.stage.vtep(2, nowhere, PORT);
      ends.stage.vtep(3, prohibited, PORT);
      ends.stage.sends([{ bytes: pattern(90), segmentBytes: 30, vtep: 2 }, { bytes: pattern(10) }, { bytes: pattern(10), vtep: 3 }]);
      ends.sender.send();
      const [unreachable, sent, forbidden] = ends.stage.sent(3);
      expect(unreachable).toEqual([3, reason.DROP_TX_UNREACHABLE]);
      expect(sent).toEqual(OK);
      // EACCES: an administrator's prohibition has no reason of its own.
      expect(forbidden).toEqual([1, reason.DROP_TX_ERROR]);
      await expect(ends.place.call("pathMtu", near, nowhere, PORT)).rejects.toThrow("Network is unreachable (ENETUNREACH)");
      await ipBatch([`route del prohibit ${prohibited}/${prefix}`], wire.near);
    });
  });
});
