// The contract of a backend, native or dgram: what a worker does with real TAPs and real sockets, by both address families of the underlay.
//
//   left, second ── TAPs ── node a ══ underlay ══ node b ── TAP ── right

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { EventRing } from "../../../host/core/events.ts";
import { parseIp } from "../../../host/model/ip.ts";
import { parseMac } from "../../../host/model/mac.ts";
import { closeNetnsThread } from "../../../host/sys/netns-thread.ts";
import type { Backend } from "../../../host/worker/task.ts";
import { ipBatch } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { addressOf, type Container, container, type Family, type Host, underlay } from "../../../lab/topology.ts";
import { BROADCAST, ethernet, TYPE_ARP, TYPE_EXPERIMENT, vxlan } from "../../../lab/traffic/frames.ts";
import { injectDatagrams } from "../../../lab/traffic/inject.ts";
import { ping } from "../../../lab/traffic/ping.ts";
import { makeFile, sendFile, startProgram } from "../../../lab/traffic/transfer.ts";
import { eventually } from "../../../lab/wait.ts";
import { pattern } from "../../contract/sys/stage.ts";
import { arpFrame } from "../../oracle/wire.ts";
import { PacketSocket } from "../packet-socket.ts";
import { NETWORK, VNI, WorkerNode } from "./rig.ts";

const FILE_BYTES = 8 << 20;
const STOP_MS_MAX = 5000;
const UNKNOWN_VNI = 77;
/** A flow that outlasts every test; it is killed. */
const ENDLESS = 10_000_000;
const STRANGER = "02:42:0a:00:00:99";
const BOOKS = ["received_port", "received_underlay", "copies", "delivered", "sent", "answered"];

export function backendSuite(backend: Backend): void {
  describe.each([4, 6] as Family[])("IPv%i underlay", (family) => {
    let lab: Lab;
    let hosts: [Host, Host];
    let a: WorkerNode;
    let b: WorkerNode;
    let left: Container;
    let second: Container;
    let right: Container;
    const sockets: PacketSocket[] = [];

    beforeAll(async () => {
      lab = await Lab.open();
      hosts = (await underlay(lab, ["a", "b"])) as [Host, Host];
      [left, second, right] = [await container(lab, "left", 1), await container(lab, "second", 2), await container(lab, "right", 3)];
      a = await WorkerNode.open(hosts[0], { backend, family });
      b = await WorkerNode.open(hosts[1], { backend, family });
      await a.addPort(1, left);
      await a.addPort(2, second);
      await b.addPort(1, right);
      await a.addPeer(1, addressOf(hosts[1], family), [right]);
      await b.addPeer(1, addressOf(hosts[0], family), [left, second]);
    });
    afterAll(async () => {
      await a?.close();
      await b?.close();
      await closeNetnsThread();
      await lab?.close();
    });
    afterEach(async () => {
      for (const socket of sockets.splice(0)) socket.close();
      for (const node of [a, b]) {
        await node.settled();
        for (const network of [0, NETWORK]) {
          const { came, went } = node.books(network);
          expect(went, "frames that went").toBe(came);
        }
        expect(node.failures).toEqual([]);
      }
    });

    const listen = async (inside: Container, type = TYPE_EXPERIMENT) => {
      const socket = await PacketSocket.open(inside.netns, type);
      sockets.push(socket);
      return socket;
    };
    const route = (from: Container, to: Container) => ({ from: from.netns, to: to.netns, address: to.ip4 });
    /** Waits until three in a row are answered: a busy machine may lose one, or answer late. */
    const answered = (from: Container) =>
      eventually(`${from.name} to reach the other host`, async () => {
        const { received } = await ping(from.netns, right.ip4, { count: 3, atOnce: true, waitSeconds: 1 });
        return received === 3;
      });
    /** What a piece of work adds to a node's counters, those that stay left out. */
    const counted = async (node: WorkerNode, work: () => Promise<unknown>) => {
      const names = [...BOOKS, "vxlan_vni_not_found"];
      const before = names.map((name) => node.count(name) + node.count(name, 0));
      await work();
      await node.settled();
      const grown = names.map((name, i) => [name, node.count(name) + node.count(name, 0) - before[i]] as const);
      return Object.fromEntries(grown.filter(([, count]) => count !== 0));
    };

    test("frames of every length come out as they went in, in order, both ways", async () => {
      const [one, other] = [await listen(left), await listen(right)];
      for (const [from, to, here, there] of [
        [left, right, one, other],
        [right, left, other, one],
      ] as const) {
        const frames = Array.from({ length: 100 }, (_, i) => ethernet(to.mac, from.mac, TYPE_EXPERIMENT, pattern(46 + i * 13, i)));
        for (const frame of frames) here.send(frame);
        expect((await there.receive(frames.length)).map((frame) => frame.toString("hex"))).toEqual(frames.map((f) => f.toString("hex")));
      }
    });

    test("between two ports of one host", async () => {
      const [from, to, far] = [await listen(left), await listen(second), await listen(right)];
      const frame = ethernet(second.mac, left.mac, TYPE_EXPERIMENT, pattern(200));
      const grown = await counted(a, async () => {
        from.send(frame);
        expect(await to.receive(1)).toEqual([frame]);
      });
      expect(grown).toEqual({ received_port: 1, delivered: 1 });
      expect(far.take()).toEqual([]);
    });

    test.each([BROADCAST, STRANGER])("to %s: to everybody but the sender", async (destination) => {
      const [from, near, far] = [await listen(left), await listen(second), await listen(right)];
      const frame = ethernet(destination, left.mac, TYPE_EXPERIMENT, pattern(100));
      const grown = await counted(a, async () => {
        from.send(frame);
        expect(await near.receive(1)).toEqual([frame]);
        expect(await far.receive(1)).toEqual([frame]);
      });
      expect(grown).toEqual({ received_port: 1, copies: 1, delivered: 1, sent: 1 });
      expect(from.take()).toEqual([]);
    });

    test("an ARP request for a known neighbour is answered here", async () => {
      a.tables.setNeighbor(NETWORK, parseIp(right.ip4), parseMac(right.mac));
      const [asker, far] = [await listen(left, TYPE_ARP), await listen(right, TYPE_ARP)];
      const [own, other] = [left, right].map(({ mac }) => parseMac(mac));
      const request = { operation: 1, senderMac: own, senderIp: left.ip4, targetMac: 0, targetIp: right.ip4 };
      const grown = await counted(a, async () => {
        asker.send(arpFrame({ to: 0xffffffffffff, from: own }, request));
        const [answer] = await asker.receive(1);
        const expected = { operation: 2, senderMac: other, senderIp: right.ip4, targetMac: own, targetIp: left.ip4 };
        expect(answer.toString("hex", 0, 42)).toBe(Buffer.from(arpFrame({ to: own, from: other }, expected)).toString("hex", 0, 42));
      });
      expect(grown).toEqual({ received_port: 1, delivered: 1, answered: 1 });
      expect(far.take()).toEqual([]);
      a.tables.removeNeighbor(NETWORK, parseIp(right.ip4));
    });

    test("a datagram from a peer is delivered; one with an unknown VNI is dropped", async () => {
      const to = await listen(left);
      const frame = ethernet(left.mac, right.mac, TYPE_EXPERIMENT, pattern(300));
      const grown = await counted(a, async () => {
        await injectDatagrams(hosts[1], hosts[0], [vxlan(UNKNOWN_VNI, frame), vxlan(VNI, frame)], { family });
        expect(await to.receive(1)).toEqual([frame]);
      });
      expect(grown).toEqual({ received_underlay: 2, delivered: 1, vxlan_vni_not_found: 1 });
      expect(a.count("vxlan_vni_not_found", 0)).toBeGreaterThan(0);
    });

    test("superframes are cut, and what was sent is counted", async () => {
      const calls = () => a.stat(abi.S_SEND_CALLS);
      const [before, sent] = [calls(), a.count("sent")];
      const file = makeFile(lab, "file", FILE_BYTES);
      expect((await sendFile(lab, route(left, right), file.path)).receivedSha256).toBe(file.sha256);
      expect((await sendFile(lab, route(right, left), file.path)).receivedSha256).toBe(file.sha256);
      await a.settled();
      const frames = a.count("sent") - sent;
      expect(frames).toBeGreaterThan(FILE_BYTES / 1450);
      if (backend === "dgram") expect(calls() - before).toBe(frames);
      else expect(calls() - before).toBeLessThan(frames / 4);
    });

    test("statistics agree with the counters", async () => {
      await ping(left.netns, right.ip4, { count: 3, intervalSeconds: 0.02 });
      await a.settled();
      const stat = (word: number) => a.stat(word);
      const batches = Array.from({ length: 7 }, (_, i) => stat(abi.S_BATCH_SIZES + 8 * i)).reduce((sum, count) => sum + count, 0);
      const messages = stat(abi.S_TAP_READS) + stat(abi.S_DATAGRAMS);
      expect(stat(abi.S_BREATHS)).toBeGreaterThan(0);
      expect(batches).toBeGreaterThan(0);
      expect(messages).toBeGreaterThanOrEqual(batches);
      expect(stat(abi.S_TAP_READS)).toBeLessThanOrEqual(a.count("received_port"));
      expect(stat(abi.S_TAP_READ_CALLS)).toBeGreaterThanOrEqual(stat(abi.S_TAP_READS));
      expect(stat(abi.S_DATAGRAMS)).toBeLessThanOrEqual(a.count("received_underlay") + a.count("received_underlay", 0));
      expect(stat(abi.S_RECEIVE_CALLS)).toBeGreaterThan(0);
      expect(stat(abi.S_SENDS)).toBeLessThanOrEqual(a.count("sent"));
      expect(stat(abi.S_WRITES)).toBeLessThanOrEqual(a.count("delivered"));
      expect([stat(abi.S_SOCKET_DROPS), stat(abi.S_EVENTS_LOST), stat(abi.S_GSO_OFF)]).toEqual([0, 0, 0]);
    });

    test("a port is taken away and given back while traffic runs", async () => {
      const sink = startProgram(lab, right.netns, "udp-receive", [right.ip4, 50_007, 60_000]);
      await sink.waitFor(/listening/);
      const flow = startProgram(lab, left.netns, "udp-send", [right.ip4, 50_007, ENDLESS, 64]);
      const under = (node: WorkerNode, count: number) => eventually("traffic", () => node.count("received_port") > count);
      await under(a, a.count("received_port") + 500);
      await a.removePort(1);
      const after = a.count("received_port");
      await answered(second);
      await a.addPort(1, left);
      await under(a, after + 500);
      await flow.kill();
      await sink.kill();
    });

    test("a TAP that is deleted is told to the main thread, once, and the others go on", async () => {
      const ring = new EventRing(a.memory, 0);
      for (const _ of ring.take());
      await ipBatch(["link del eth0"], second.netns);
      const [event] = await eventually("the event", () => {
        const events = [...ring.take()].filter(({ kind }) => kind === abi.EVENT_PORT_GONE);
        return events.length > 0 && events;
      });
      expect(event.index).toBe(2);
      await answered(left);
      await a.removePort(2);
      expect([...ring.take()].filter(({ kind }) => kind === abi.EVENT_PORT_GONE)).toEqual([]);
      await a.addPort(2, second);
      await answered(second);
    });

    test("stops at once, also under load", async () => {
      const flow = startProgram(lab, left.netns, "udp-send", [right.ip4, 50_007, ENDLESS, 64]);
      await eventually("traffic", () => a.count("received_port") > 100);
      expect(await a.stop()).toBeLessThan(STOP_MS_MAX);
      expect(await b.stop()).toBeLessThan(STOP_MS_MAX);
      await flow.kill();
    });
  });
}
