import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { H_PORT, HEADER } from "../../../assembly/abi/layout.ts";
import { PORT_CLOSING } from "../../../assembly/abi/port.ts";
import * as reason from "../../../assembly/abi/reason.ts";
import { D_IOVS, D_VNET, W_REPLY, W_RX_BUFFER, W_WRITE, W_WRITE_COUNT, WORKER_BYTES } from "../../../assembly/abi/worker.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { closeNetnsThread, openTapIn } from "../../../host/sys/netns-thread.ts";
import { TapWriter } from "../../../host/sys/tap-writer.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { checksumErrors } from "../../../lab/snmp.ts";
import { makeFile, sendFile } from "../../../lab/traffic/transfer.ts";
import { Stage } from "../../contract/sys/stage.ts";
import { describeNetns } from "../needs.ts";
import { Exchange } from "./exchange.ts";

const FILE_BYTES = 20_000_000;

describeNetns("TapWriter", [], () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open();
  });
  afterAll(async () => {
    await closeNetnsThread();
    await lab?.close();
  });

  describe("superframes between two containers", () => {
    let exchange: Exchange;
    beforeAll(async () => {
      exchange = await Exchange.open(lab);
    });
    afterAll(() => exchange?.close());

    test.each([
      ["IPv4", "one write", 1, "10.5.0.2"],
      ["IPv4", "a gather list of 72", 72, "10.5.0.2"],
      ["IPv6", "a gather list of 5", 5, "fd05::2"],
    ])("%s, %s: a file arrives whole, without a wrong checksum", async (_, __, pieces, address) => {
      const [from, to] = exchange.netns;
      const { path, sha256 } = makeFile(lab, `file-${pieces}`, FILE_BYTES, pieces);
      exchange.superframes = 0;
      exchange.start(pieces);
      const result = await sendFile(lab, { from, to, address }, path);
      await exchange.stop();
      expect(result).toMatchObject({ bytes: FILE_BYTES, receivedSha256: sha256, same: true });
      expect(exchange.superframes).toBeGreaterThan(100);
      expect(exchange.longest).toBeGreaterThan(32_768);
      expect([...exchange.refused]).toEqual([]);
      expect(await checksumErrors(from)).toBe(0);
      expect(await checksumErrors(to)).toBe(0);
    });
  });

  describe("one frame", () => {
    let netns: string;
    let fd: number;
    let stage: Stage;
    let writer: TapWriter;
    /** An ARP-sized frame of an unassigned protocol, behind a virtio-net header of zeros. */
    let frame: { offset: number; length: number };
    let count = 0;
    beforeEach(async () => {
      netns = await lab.namespace(`w${count++}`);
      fd = (await openTapIn(`/run/netns/${netns}`, "eth0")).fd;
      await ipBatch(["link set eth0 up"], netns);
      stage = new Stage();
      writer = new TapWriter(stage.region, stage.block, stage.descriptors);
      stage.port(1, fd);
      frame = { offset: stage.at(W_RX_BUFFER + 6), length: 10 + 60 };
      stage.region.bytes.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 0x88, 0xb5], frame.offset + 10);
    });
    afterEach(async () => {
      closeFd(fd);
      await lab.removeNamespace(netns);
    });

    const received = async () =>
      Number(await run(["cat", "/proc/net/dev"], { netns }).then((text) => /eth0:\s*\d+\s+(\d+)/.exec(text)?.[1]));
    const piece = (from: number, length: number) => ({ offset: frame.offset + from, length });

    test("is written from one piece or several, in order, to the port that it names", async () => {
      const vnet = { offset: stage.at(W_WRITE + 1 * 704 + D_VNET), length: 10 };
      stage.writes([
        { port: 1, pieces: [frame] },
        { port: 1, pieces: [vnet, piece(10, 14), piece(24, 46)] },
        { port: 1, pieces: [piece(0, 5), piece(5, 0), piece(5, 65)] },
      ]);
      expect(writer.write()).toBe(3);
      expect([stage.written(0), stage.written(1), stage.written(2)]).toEqual([0, 0, 0]);
      expect(await received()).toBe(3);
    });

    test("for a port that is not up is dropped without a call", () => {
      stage.port(2, fd, PORT_CLOSING);
      stage.writes([0, 2, 3].map((port) => ({ port, pieces: [frame] })));
      expect(writer.write()).toBe(0);
      expect([0, 1, 2].map((i) => stage.written(i))).toEqual(Array(3).fill(reason.DROP_PORT_DOWN));
    });

    test("for a link that is down, or a device that is gone, is port_down", async () => {
      stage.writes([{ port: 1, pieces: [frame] }]);
      await ipBatch(["link set eth0 down"], netns);
      expect(writer.write()).toBe(1);
      expect(stage.written()).toBe(reason.DROP_PORT_DOWN);
      await ipBatch(["link delete eth0"], netns);
      writer.write();
      expect(stage.written()).toBe(reason.DROP_PORT_DOWN);
    });

    test("with a virtio-net header that lies is dev_hdr; too short to be one, too", () => {
      // flags, gso_type, hdr_len, gso_size, csum_start, csum_offset: a checksum beyond the frame.
      stage.region.bytes.set([1, 0, 0, 0, 0, 0, 0xff, 0x7f, 0xff, 0x7f], frame.offset);
      stage.writes([
        { port: 1, pieces: [frame] },
        { port: 1, pieces: [piece(0, 9)] },
        { port: 1, pieces: [piece(10, 10)] },
      ]);
      writer.write();
      expect([0, 1, 2].map((i) => stage.written(i))).toEqual(Array(3).fill(reason.DROP_DEV_HDR));
    });

    test("to a number that is no TAP is tx_error", () => {
      stage.port(1, -1);
      stage.writes([{ port: 1, pieces: [frame] }]);
      writer.write();
      expect(stage.written()).toBe(reason.DROP_TX_ERROR);
    });

    test("outside this worker's block never reaches the kernel", async () => {
      const end = stage.block + WORKER_BYTES;
      const wrong = [
        [{ offset: stage.block - 16, length: 70 }],
        [{ offset: end - 16, length: 70 }],
        [{ offset: -70, length: 70 }],
        [{ offset: frame.offset, length: -1 }],
        [frame, { offset: stage.block - 1, length: 1 }],
        [frame, { offset: end, length: 1 }],
        [frame, { offset: frame.offset, length: 0x7fffffff }],
      ];
      stage.writes([...wrong.map((pieces) => ({ port: 1, pieces })), { port: 1, pieces: [{ offset: stage.at(W_REPLY), length: 70 }] }]);
      expect(writer.write()).toBe(1);
      expect(wrong.map((_, i) => stage.written(i))).toEqual(wrong.map(() => reason.DROP_CORE_TRAP));
      expect(stage.written(wrong.length)).toBe(reason.DROP_NONE);
      expect(await received()).toBe(1);
    });

    test("with a port, a count or a length that cannot be never reaches the kernel", async () => {
      const good = { port: 1, pieces: [frame] };
      stage.writes([
        { ...good, port: 4096 },
        { ...good, port: -1 },
        { ...good, length: 69 },
        { port: 1, pieces: [frame, frame], length: 71 },
        good,
        good,
        good,
      ]);
      stage.set(stage.at(W_WRITE + 4 * 704 + D_IOVS), 0);
      stage.set(stage.at(W_WRITE + 5 * 704 + D_IOVS), 73);
      stage.set(stage.at(W_WRITE + 6 * 704 + D_IOVS), -1);
      expect(writer.write()).toBe(0);
      expect([0, 1, 2, 3, 4, 5, 6].map((i) => stage.written(i))).toEqual(Array(7).fill(reason.DROP_CORE_TRAP));
      stage.set(HEADER + H_PORT, 0x7ffffff0);
      stage.writes([good]);
      expect(writer.write()).toBe(0);
      expect(stage.written()).toBe(reason.DROP_CORE_TRAP);
      stage.set(stage.at(W_WRITE_COUNT), -5);
      expect(writer.write()).toBe(0);
      expect(await received()).toBe(0);
    });
  });
});

test("a block outside the memory is refused", () => {
  const { region, descriptors } = new Stage();
  expect(() => new TapWriter(region, region.size - 4096, descriptors)).toThrow("outside the memory");
});
