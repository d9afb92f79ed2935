// The demo's acts: each does one thing with real traffic, says what came out, and checks it.

import { setTimeout as delay } from "node:timers/promises";
import type { Agent } from "../../../lab/agent.ts";
import { type Books, books } from "../../../lab/books.ts";
import { attempt, run } from "../../../lab/command.ts";
import { addressOf, type Container, type Family, type Host } from "../../../lab/topology.ts";
import { ping } from "../../../lab/traffic/ping.ts";
import { makeFile, sendDatagrams, sendFile } from "../../../lab/traffic/transfer.ts";
import { eventually } from "../../../lab/wait.ts";
import { check, command, mark, say, show, table } from "../tell.ts";
import type { World } from "./world.ts";

const FILE_BYTES = 100 << 20;
const DATAGRAMS = 5000;

/** One line of the ping table: who to whom, and the way that the frames take. */
export interface Way {
  from: Container;
  to: Container;
  family: Family;
  along: string;
}

const inner = (container: Container, family: Family) => (family === 4 ? container.ip4 : container.ip6);

export async function pings(ways: readonly Way[]): Promise<void> {
  const results = await Promise.all(
    ways.map(async (way) => ({
      ...way,
      result: await ping(way.from.netns, inner(way.to, way.family), { count: 10, intervalSeconds: 0.1 }),
    })),
  );
  const rows = results.map(({ from, to, family, along, result }) => {
    const { sent, received, times } = result;
    const middle = [...times].sort((x, y) => x - y)[times.length >> 1];
    const ok = received === sent && sent === 10;
    return [
      `${from.name} → ${to.name}`,
      inner(to, family),
      along,
      `${received} of ${sent}`,
      middle === undefined ? "–" : `${middle.toFixed(2)} ms`,
      mark(ok, `ping ${from.name} → ${to.name} (IPv${family})`),
    ];
  });
  table(["ping", "address", "way", "answered", "round trip", ""], rows);
}

/** Sends the same file over each way. */
export async function files({ lab }: World, ways: readonly Way[]): Promise<void> {
  const file = makeFile(lab, "file", FILE_BYTES, ways.length);
  say(
    `The file: ${FILE_BYTES >> 20} MiB of random bytes, SHA-256 ${file.sha256.slice(0, 16)}… (hashed at both ends, which limits the speed; npm run bench measures weft).`,
  );
  const rows: string[][] = [];
  for (const { from, to, family, along } of ways) {
    const address = inner(to, family);
    const result = await sendFile(lab, { from: from.netns, to: to.netns, address }, file.path, `${lab.directory}/copy`);
    const same = result.bytes === FILE_BYTES && result.receivedSha256 === file.sha256;
    rows.push([
      `${from.name} → ${to.name}`,
      address,
      along,
      `${(result.bitsPerSecond / 1e9).toFixed(1)} Gb/s`,
      `${result.receivedSha256.slice(0, 16)}… ${same ? "the same" : "different"}`,
      mark(same, `file ${from.name} → ${to.name} (IPv${family})`),
    ]);
  }
  table(["TCP", "address", "way", "speed", "SHA-256 of what arrived", ""], rows);
}

export async function datagrams({ lab }: World, ways: readonly Way[]): Promise<void> {
  const rows: string[][] = [];
  for (const { from, to, family, along } of ways) {
    const address = inner(to, family);
    const { sent, received, damaged, duplicates } = await sendDatagrams(
      lab,
      { from: from.netns, to: to.netns, address },
      DATAGRAMS,
      16,
      1400,
    );
    const ok = received === sent && damaged === 0 && duplicates === 0;
    const result = `${received} of ${sent}, ${damaged} damaged, ${duplicates} twice`;
    rows.push([`${from.name} → ${to.name}`, address, along, result, mark(ok, `datagrams ${from.name} → ${to.name} (IPv${family})`)]);
  }
  table(["UDP", "address", "way", "arrived", ""], rows);
}

/** Shows one ping's packet on the underlay, as tcpdump decodes it. */
export async function onTheWire(host: Host, from: Container, to: Container): Promise<void> {
  if ((await attempt(["tcpdump", "--version"])).code !== 0) return say("(tcpdump is not installed, so there is no look at the wire.)");
  const filter = ["-n", "-l", "-t", "-Z", "root", "-i", host.device, "udp", "dst", "port", "4789"];
  const capture = host.lab.spawn(["tcpdump", "--immediate-mode", ...filter], { netns: host.netns, name: "tcpdump" });
  await capture.waitFor(/listening on/, "stderr");
  await ping(from.netns, to.ip4, { count: 1 });
  const [text] = await capture.waitFor(/^IP .*VXLAN.*\nIP .*echo request.*$/m, "stdout", 5000);
  await capture.stop("SIGINT");
  const [outer, packet] = text.split("\n");
  const address = /IP (\S+)\.(\d+) > (\S+)\.(\d+): VXLAN.* vni (\d+)/.exec(outer);
  if (!address) return show(text);
  const [, source, sourcePort, destination, port, vni] = address;
  const layers = [
    ["┌ IP", `${source} → ${destination}`, "from host to host: this is all that the underlay sees"],
    ["│ UDP", `port ${sourcePort} → ${port}`, "4789 is VXLAN; the other number spreads flows over links"],
    ["│ VXLAN", `network ${vni}`, "the overlay that the frame belongs to"],
    ["│ ┌", "Ethernet frame", `as container ${from.name} sent it, untouched:`],
    ["└ └", packet.replace(/, id.*/, ""), ""],
  ];
  show(layers.map(([layer, value, meaning]) => `${layer.padEnd(8)}${value.padEnd(24)}  ${meaning}`).join("\n"));
  check(source === host.ip4 && vni === "42", "a container's frame travels inside a UDP packet between the hosts");
}

/** Someone who does not know the networks sends to host a's VXLAN port. */
export async function forge(from: Host, to: Host, count: number): Promise<void> {
  const script = `
    const socket = require("node:dgram").createSocket("udp4");
    const packet = Buffer.concat([Buffer.from([8, 0, 0, 0, 0, 0, 99, 0]), Buffer.alloc(60, 2)]);
    let left = ${count};
    for (let i = 0; i < ${count}; i++) socket.send(packet, 4789, "${addressOf(to, 4)}", () => --left || socket.close());`;
  await run([process.execPath, "-e", script], { netns: from.netns });
}

export async function showTables(agent: Agent): Promise<void> {
  for (const what of ["fdb", "vtep"]) {
    const { code, stdout, stderr } = await agent.client(what, "show");
    command(`weft ${what} show`, code === 0 ? stdout : stderr);
    if (code !== 0) check(false, `weft ${what} show`);
  }
}

const REST_MS = 200;

/** Reads an agent's counters once they stand still. */
async function atRest(agent: Agent): Promise<Books> {
  let last = "";
  return eventually(`host ${agent.host.name}'s counters to stand still`, async () => {
    const now = books(await agent.metrics());
    const text = JSON.stringify(now.networks);
    const still = text === last;
    last = text;
    if (!still) await delay(REST_MS);
    return still && now;
  });
}

export async function accounts(agents: readonly Agent[], forged: number): Promise<void> {
  const rows: string[][] = [];
  const drops: string[] = [];
  for (const agent of agents) {
    const { networks } = await atRest(agent);
    for (const [name, { came, went, dropped, balanced }] of Object.entries(networks)) {
      const ok = mark(balanced, `books of network ${name || "–"} on host ${agent.host.name}`);
      const lost = Object.values(dropped).reduce((sum, value) => sum + value, 0);
      rows.push([`host ${agent.host.name}`, name || "(unknown)", `${came}`, `${went - lost}`, `${lost}`, ok]);
      for (const [reason, value] of Object.entries(dropped)) drops.push(`host ${agent.host.name}: ${value} × ${reason}`);
      if (agent === agents[0] && name === "") check(dropped.vxlan_vni_not_found === forged, `all ${forged} forged packets are counted`);
    }
  }
  table(["", "network", "frames in", "frames out", "dropped", "in = out + dropped"], rows);
  if (drops.length) say(`Why frames were dropped: ${drops.join("; ")}.`);
}

/** Nothing of the agents is left: no interface in a container, no socket file, no listener. */
export async function afterwards(world: World, agents: readonly Agent[]): Promise<void> {
  const { a1, a2, b1, b2 } = world.containers;
  const left: string[] = [];
  for (const { name, netns } of [a1, a2, b1, b2]) {
    const links = JSON.parse(await run(["ip", "-json", "-n", netns, "link"])) as { ifname: string }[];
    for (const { ifname } of links) if (ifname !== "lo") left.push(`${ifname} in ${name}`);
  }
  for (const { host, file } of agents) {
    if ((await attempt(["test", "-e", file.socket])).code === 0) left.push(file.socket);
    const sockets = await run(["ss", "-Hlnup", "sport", "=", "4789"], { netns: host.netns });
    if (sockets.trim() !== "") left.push(`a socket on port 4789 of host ${host.name}`);
  }
  check(
    left.length === 0,
    left.length === 0 ? "the containers, the ports and the sockets are as before" : `left behind: ${left.join(", ")}`,
  );
}
