// A superframe that the core made, written by the Injector in one namespace, arrives in another: at Linux's vxlan device and as datagrams of a UDP
// socket, over both families; and what the kernel or the bounds refuse.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as reason from "../../../assembly/abi/reason.ts";
import * as w from "../../../assembly/abi/worker.ts";
import { Injector } from "../../../host/sys/injector.ts";
import { capture, complaints, fields } from "../../../lab/capture.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { checksumErrors } from "../../../lab/snmp.ts";
import { addressOf, type Family, finishChecksums, type Host, underlay } from "../../../lab/topology.ts";
import { eventually } from "../../../lab/wait.ts";
import { Stage } from "../../contract/sys/stage.ts";
import { needTunnelGso } from "../injecting.ts";
import { describeNetns } from "../needs.ts";

const PROGRAM = new URL("./injector-program.ts", import.meta.url).pathname;
/** Captures until one is whole. */
const TRIES = 5;
const FRAMES = 20;

describe("Injector without a kernel's help", () => {
  test("tells the core whether there is a TAP", () => {
    const stage = new Stage();
    new Injector(stage.region, stage.block, -1);
    expect(stage.get(stage.at(w.W_INJECT))).toBe(0);
    new Injector(stage.region, stage.block, 7);
    expect(stage.get(stage.at(w.W_INJECT))).toBe(1);
  });

  test("a send without a TAP is the core's fault", () => {
    const stage = new Stage();
    stage.set(stage.tx(0, w.T_OFFSET), stage.at(w.W_RX_BUFFER));
    stage.set(stage.tx(0, w.T_LENGTH), 100);
    stage.set(stage.tx(0, w.T_SEGMENTS), 3);
    new Injector(stage.region, stage.block, -1).inject(0);
    expect(stage.sent(1)).toEqual([[3, reason.DROP_CORE_TRAP]]);
  });
});

needTunnelGso(describeNetns, "a superframe injected", ["tshark", "tcpdump", "ethtool"], () => {
  describe.each([4, 6] as Family[])("over IPv%i", (family) => {
    let lab: Lab;
    let hosts: Host[];
    beforeAll(async () => {
      lab = await Lab.open();
      hosts = await underlay(lab, ["a", "b"]);
    });
    afterAll(() => lab?.close());

    const inject = async (kind = "tcp") => {
      const [{ address }] = JSON.parse(await run(["ip", "-json", "link", "show", "dev", "eth0"], { netns: hosts[1].netns }));
      const words = [addressOf(hosts[0], family), addressOf(hosts[1], family), "eth0", address, kind];
      return JSON.parse(await run([process.execPath, PROGRAM, ...words], { netns: hosts[0].netns }));
    };

    test("is taken whole; what lies outside the receive buffers is not written; rubbish ends injection", async () => {
      expect(await inject()).toEqual({
        frames: FRAMES,
        good: [0, reason.DROP_NONE, 1],
        outside: [FRAMES, reason.DROP_CORE_TRAP, 1],
        tooLong: [FRAMES, reason.DROP_CORE_TRAP, 1],
        negative: [FRAMES, reason.DROP_CORE_TRAP, 1],
        rubbish: [FRAMES, reason.DROP_TX_ERROR, 0],
      });
    });

    test("reaches Linux's vxlan device, every byte of it", async () => {
      const local = addressOf(hosts[1], family);
      await ipBatch(
        [`link add vx0 address 02:00:00:00:00:0c type vxlan id 42 local ${local} dstport 4789`, "link set vx0 up"],
        hosts[1].netns,
      );
      const received = async () => {
        const [{ stats64 }] = JSON.parse(await run(["ip", "-json", "-s", "link", "show", "dev", "vx0"], { netns: hosts[1].netns }));
        return stats64.rx.bytes as number;
      };
      const before = await received();
      await inject();
      // Whole, as one frame, or cut on the way: the payload is there in any case.
      await eventually("its bytes", async () => (await received()) - before >= 20_000);
      expect(await checksumErrors(hosts[1].netns)).toBe(0);
      await ipBatch(["link del vx0"], hosts[1].netns);
    });

    test.each([
      ["TCP", "tcp", "tcp.len"],
      ["tagged TCP", "tagged", "tcp.len"],
      ["UDP", "udp", "udp.length"],
    ])("of %s is cut into packets with right checksums where the interface cannot take it whole", async (_, kind, field) => {
      for (const host of hosts) await finishChecksums(host);
      const received = async () => {
        const [{ stats64 }] = JSON.parse(await run(["ip", "-json", "-s", "link", "show", "dev", "eth0"], { netns: hosts[1].netns }));
        return stats64.rx.packets as number;
      };
      const seen = async () => {
        const wire = await capture(lab, hosts[1].netns, "eth0", "udp dst port 4789");
        const before = await received();
        await inject(kind);
        await eventually("its packets", async () => (await received()) >= before + FRAMES);
        const file = await wire.stop();
        return { file, rows: await fields(file, [field, "udp.srcport", "vxlan.vni", "vlan.id"], "vxlan") };
      };
      // On a busy machine tcpdump may be stopped before it has read everything: then once more.
      let { file, rows } = await seen();
      for (let again = 0; again < TRIES && rows.length < FRAMES; again++) ({ file, rows } = await seen());
      expect(await complaints(file)).toEqual([]);
      // The last occurrence is the inner packet's; that of UDP counts its header.
      expect(rows.map((row) => row[field].at(-1))).toEqual(Array(FRAMES).fill(kind === "udp" ? "1008" : "1000"));
      expect(rows.every((row) => row["vxlan.vni"][0] === "42")).toBe(true);
      expect(rows.every((row) => (row["vlan.id"][0] === "7") === (kind === "tagged"))).toBe(true);
      expect(new Set(rows.map((row) => row["udp.srcport"][0])).size).toBe(1);
    });
  });
});
