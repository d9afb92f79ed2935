// When superframes are injected and when not: next hops come, go and move, routes change, xfrm policies appear. Traffic goes on all the while.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Agent } from "../../../lab/agent.ts";
import { capture, fields } from "../../../lab/capture.ts";
import { attempt, ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { total } from "../../../lab/metrics.ts";
import { addressOf, type Family, type Host, setSysctl, underlay } from "../../../lab/topology.ts";
import { ping } from "../../../lab/traffic/ping.ts";
import { makeFile, sendFile, startHeartbeat } from "../../../lab/traffic/transfer.ts";
import { eventually } from "../../../lab/wait.ts";
import { injectedSoFar, needTunnelGso, superframesGo } from "../injecting.ts";
import { Inside } from "../inside.ts";
import { describeNetns } from "../needs.ts";
import { closePair, NETWORK, openPair, type Pair, pairAgent, VNI } from "../pair.ts";

const FILE_BYTES = 16 << 20;
const PAUSE_MS_MAX = 4000;
const NEW_MAC = "02:00:00:00:77:01";

for (const family of [4, 6] as Family[]) {
  needTunnelGso(describeNetns, `injection over an IPv${family} underlay`, ["tcpdump", "tshark", "nft", "ethtool"], () => {
    let pair: Pair;
    let agent: Agent;
    let peer: string;
    beforeAll(async () => {
      pair = await openPair({ left: "weft", right: "weft", family });
      [agent] = pair.agents;
      peer = addressOf(pair.hosts[1], family);
    });
    afterAll(() => closePair(pair));

    const here = () => pair.hosts[0].netns;
    /** Injection ends before the agent knows why: the log says so a moment later. */
    const logged = (words: string) => eventually(`the log to say "${words}"`, () => agent.daemon.stderr.includes(words), 10_000);
    const transfer = async () => {
      const [left, right] = pair.containers;
      const file = makeFile(pair.lab, "file", FILE_BYTES);
      const { receivedSha256 } = await sendFile(pair.lab, { from: left.netns, to: right.netns, address: right.ip4 }, file.path);
      expect(receivedSha256).toBe(file.sha256);
    };
    /** Does `change` under a connection that must not notice. */
    const beating = async (change: () => Promise<unknown>) => {
      const [left, right] = pair.containers;
      const heart = await startHeartbeat(pair.lab, { from: left.netns, to: right.netns, address: right.ip4 });
      const { error, longestMs, beats } = await change().then(
        () => heart.stop(),
        async (failed) => {
          await heart.stop();
          throw failed;
        },
      );
      expect(error).toBeNull();
      expect(beats).toBeGreaterThan(0);
      expect(longestMs).toBeLessThan(PAUSE_MS_MAX);
    };

    test("is used once the next hop is known, and the metrics say so", async () => {
      await superframesGo(agent, "injected");
      expect(await agent.metricsText()).toContain(`weft_peer_superframes_injected{peer="${peer}"} 1`);
      expect(await agent.metricsText()).toContain('weft_offload_active{offload="tunnel_gso"} 1');
      const before = await injectedSoFar(here());
      await transfer();
      expect((await injectedSoFar(here())) - before).toBeGreaterThan(FILE_BYTES / 65_536);
    });

    test("ends while the neighbour is not known, and comes back with it", async () => {
      const removed = async () => {
        await attempt(["ip", "-n", here(), "neighbor", "del", peer, "dev", "eth0"]);
        return (await agent.show<{ superframes: string }>("vtep"))[0].superframes === "sockets";
      };
      await eventually("superframes to go by sockets", removed, 20_000);
      await transfer();
      await superframesGo(agent, "injected");
    });

    test("ends while an xfrm policy exists", () =>
      beating(async () => {
        const selector = ["src", "192.0.2.1", "dst", "192.0.2.2", "dir", "out"];
        await run(["ip", "xfrm", "policy", "add", ...selector, "action", "block"], { netns: here() });
        await superframesGo(agent, "sockets");
        await logged("xfrm policies");
        const before = await injectedSoFar(here());
        await transfer();
        expect(await injectedSoFar(here())).toBe(before);
        await run(["ip", "xfrm", "policy", "flush"], { netns: here() });
        await superframesGo(agent, "injected");
      }));

    test("ends while the host filters what it sends, unless it is told to go on", () =>
      beating(async () => {
        const nft = (command: string) => run(["nft", command], { netns: here() });
        await nft("add table inet weft-test");
        await nft("add chain inet weft-test sent { type filter hook postrouting priority 0; policy accept; }");
        await nft("add rule inet weft-test sent counter");
        await superframesGo(agent, "sockets");
        await logged("nft list chain inet weft-test sent");
        const before = await injectedSoFar(here());
        await transfer();
        expect(await injectedSoFar(here())).toBe(before);
        await nft("flush chain inet weft-test sent");
        await superframesGo(agent, "injected");
        await nft("delete table inet weft-test");
      }));

    test("of superframes ends while the interface would have them cut in software; lone frames go on", () =>
      beating(async () => {
        const features = (state: string) =>
          run(["ethtool", "-K", "eth0", "tx-udp_tnl-segmentation", state, "tx-udp_tnl-csum-segmentation", state], { netns: here() });
        await features("off");
        await superframesGo(agent, "sockets");
        await logged("would have superframes cut in software");
        const before = await injectedSoFar(here());
        await ping(pair.containers[0].netns, pair.containers[1].ip4, { count: 20, intervalSeconds: 0.01 });
        expect((await injectedSoFar(here())) - before).toBeGreaterThanOrEqual(20);
        await features("on");
        await superframesGo(agent, "injected");
      }));

    test("ends while the route is by another interface", () =>
      beating(async () => {
        const there = pair.hosts[1].netns;
        await run(["ip", "link", "add", "eth1", "netns", here(), "type", "veth", "peer", "name", "eth1", "netns", there]);
        const [subnet, bits, all] = family === 4 ? ["10.98.0.", 24, 32] : ["fd98::", 64, 128];
        const up = (n: number) => [`address add ${subnet}${n}/${bits} dev eth1 ${family === 6 ? "nodad" : ""}`, "link set eth1 up"];
        await ipBatch(up(1), here());
        await ipBatch(up(2), there);
        const route = `${peer}/${all} via ${subnet}2 dev eth1 src ${addressOf(pair.hosts[0], family)}`;
        await ipBatch([`route add ${route}`], here());
        await superframesGo(agent, "sockets");
        await transfer();
        await ipBatch([`route del ${route}`], here());
        await superframesGo(agent, "injected");
      }));

    test("follows a next hop that changes its MAC address, and says so as hosts do", async () => {
      for (const name of ["ipv4.conf.eth0.arp_notify", "ipv6.conf.eth0.ndisc_notify"])
        await setSysctl(pair.hosts[1].netns, `net.${name}`, "1");
      await beating(async () => {
        await ipBatch([`link set eth0 address ${NEW_MAC}`], pair.hosts[1].netns);
        await transfer();
        const wire = await capture(pair.lab, pair.hosts[1].netns, "eth0", `ether dst ${NEW_MAC} and udp dst port 4789 and greater 3000`);
        const before = await injectedSoFar(here());
        await transfer();
        expect(await injectedSoFar(here())).toBeGreaterThan(before);
        expect((await fields(await wire.stop(), ["frame.number"])).length).toBeGreaterThan(0);
      });
    });

    test("is given up for a worker whose TAP does not take its frames, and nothing else is, until it does again", async () => {
      await ipBatch(["link set weftu0 down"], here());
      await transfer();
      // It is tried again now and then: what is sent finds that out.
      await eventually("the metrics to say so", async () => {
        await ping(pair.containers[0].netns, pair.containers[1].ip4, { count: 1, waitSeconds: 1 });
        const text = await agent.metricsText();
        return (
          text.includes(`weft_peer_superframes_injected{peer="${peer}"} 0`) && text.includes('weft_offload_active{offload="tunnel_gso"} 0')
        );
      });
      await logged("the kernel refused a superframe of worker 0");
      expect(total(await agent.metrics(), "weft_dropped_frames_total", { reason: "tx_unreachable" })).toBeGreaterThan(0);
      await ipBatch(["link set weftu0 up"], here());
      await superframesGo(agent, "injected");
      const before = await injectedSoFar(here());
      await transfer();
      expect((await injectedSoFar(here())) - before).toBeGreaterThan(FILE_BYTES / 65_536);
    });

    test("leaves no TAP behind after SIGTERM, nor after kill -9", async () => {
      const taps = async () => (await run(["ip", "-br", "link"], { netns: here() })).match(/weftu\d+/g) ?? [];
      expect(await taps()).toEqual(["weftu0"]);
      await agent.stop();
      expect(await taps()).toEqual([]);
      const options = { left: "weft", right: "weft", family } as const;
      const second = await pairAgent(pair.hosts[0], pair.hosts[1], [pair.containers[0]], {
        ...options,
        agent: { workers: 2, injection: "on" },
      });
      expect(await taps()).toEqual(["weftu0", "weftu1"]);
      await run(["nft", "add table ip filter"], { netns: here() });
      await run(["nft", "add chain ip filter OUTPUT { type filter hook output priority 0; policy drop; }"], { netns: here() });
      await run(["nft", "add rule ip filter OUTPUT accept"], { netns: here() });
      await superframesGo(second, "injected");
      await run(["nft", "delete table ip filter"], { netns: here() });
      await second.kill();
      expect(await taps()).toEqual([]);
      const off = { ...options, agent: { injection: "off" } } as const;
      const third = await pairAgent(pair.hosts[0], pair.hosts[1], [pair.containers[0]], off);
      expect(await taps()).toEqual([]);
      expect(await third.show<{ superframes: string }>("vtep")).toMatchObject([{ superframes: "sockets" }]);
      await third.stop();
    });
  });
}

needTunnelGso(describeNetns, "injection with a worker that hangs", ["nft"], () => {
  let lab: Lab;
  let agent: Inside;
  let hosts: Host[];
  beforeAll(async () => {
    lab = await Lab.open();
    hosts = await underlay(lab, ["a", "b"]);
    agent = await Inside.start(hosts[0], { networks: [{ name: NETWORK, vni: VNI, peers: [hosts[1].ip4], ports: [] }] });
  });
  afterAll(() => lab?.close());

  const injects = async (wanted: boolean) => {
    const probe = async () => {
      await ping(hosts[0].netns, hosts[1].ip4, { count: 1 });
      return (await agent.run(({ agent: { plane }, abi }) => plane.entries.vtep(1)[abi.V_INJECT / 4] !== abi.INJECT_NOTHING)) === wanted;
    };
    await eventually(`injection to be ${wanted ? "on" : "off"}`, probe, 60_000);
  };

  test("is off for as long as it hangs, and comes back by itself", async () => {
    await injects(true);
    await agent.run(({ agent: { plane } }) => {
      plane.published = () => Promise.reject(new Error("a worker hangs"));
    });
    await run(["nft", "add table inet weft-test"], { netns: hosts[0].netns });
    await injects(false);
    await eventually("the log to say why", () => agent.log().some(({ why }) => why === "a worker hangs"));
    await agent.run(({ agent: { plane } }) => Reflect.deleteProperty(plane, "published"));
    await injects(true);
    expect(agent.daemon.exit).toBeNull();
  });
});
