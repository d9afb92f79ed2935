// npm run bench: weft beside Linux's own vxlan (and other overlays), end to end. Each overlay stands on two hosts (namespaces) of its own, joined
// by a veth; each round measures all of them, beginning with another one; nothing else of ours runs meanwhile.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { run } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { container, type Host, underlay } from "../lab/topology.ts";
import { ping } from "../lab/traffic/ping.ts";
import { eventually } from "../lab/wait.ts";
import { describeMachine, offloads, ROOT } from "./machine.ts";
import { busySeconds, MEASURES, measure } from "./measure.ts";
import { fail, type Options, readOptions } from "./options.ts";
import { peers } from "./peers/index.ts";
import type { Pair, Peer, Standing } from "./peers/peer.ts";
import { writeBlock } from "./readme.ts";
import { conditions, markdown, type Results, table } from "./report.ts";

const BACKGROUND_MS = 500;
const SEGMENTATION = ["tso", "gso", "tx-udp-segmentation", "tx-udp_tnl-segmentation", "tx-udp_tnl-csum-segmentation"];

async function choosePeers(options: Options): Promise<Peer[]> {
  const known = peers(options.workers);
  const chosen: Peer[] = [];
  for (const name of options.names) {
    const peer =
      known.find((candidate) => candidate.name === name) ?? fail(`--peers: ${name} is none of ${known.map((p) => p.name).join(", ")}`);
    const missing = await peer.missing();
    if (missing === null) chosen.push(peer);
    else console.error(`bench: leaving out ${name}: ${missing}`);
  }
  if (chosen.length === 0) fail("no peer can run here");
  return chosen;
}

/** Two hosts, a container on each, and the overlay between them, once a ping goes through. */
async function stand(peer: Peer, lab: Lab, options: Options): Promise<{ pair: Pair; standing: Standing }> {
  const hosts = (await underlay(lab, ["a", "b"], { mtu: options.mtu })) as [Host, Host];
  if (options.wire === "segmented") {
    for (const { netns, device } of hosts)
      await run(["ethtool", "-K", device, ...SEGMENTATION.flatMap((flag) => [flag, "off"])], { netns });
  }
  const pair: Pair = { lab, hosts, containers: [await container(lab, "from", 1), await container(lab, "to", 2)] };
  const standing = await peer.setUp(pair);
  const [from, to] = pair.containers;
  await eventually(
    `a ping through ${peer.name}`,
    async () => (await ping(from.netns, to.ip4, { count: 1, waitSeconds: 1 })).received === 1,
    20_000,
  );
  return { pair, standing };
}

async function background(): Promise<number> {
  const before = busySeconds();
  await delay(BACKGROUND_MS);
  return (busySeconds() - before) / (BACKGROUND_MS / 1000);
}

async function main(): Promise<void> {
  const options = readOptions();
  const chosen = await choosePeers(options);
  const labs: Lab[] = [];
  try {
    const stood = new Map<string, Awaited<ReturnType<typeof stand>>>();
    const { rounds, seconds, mtu, wire } = options;
    const results: Results = {
      machine: await describeMachine(),
      rounds,
      seconds,
      mtu,
      wire,
      offloads: {},
      background: [],
      descriptions: {},
      values: {},
    };
    for (const peer of chosen) {
      labs.push(await Lab.open());
      stood.set(peer.name, await stand(peer, labs[labs.length - 1], options));
      results.offloads[peer.name] = await offloads(stood.get(peer.name)!.pair.hosts[0]);
      results.descriptions[peer.name] = peer.description;
      results.values[peer.name] = Object.fromEntries(MEASURES.map(({ key }) => [key, []]));
    }
    for (let round = 0; round < rounds; round++) {
      results.background.push(await background());
      for (let turn = 0; turn < chosen.length; turn++) {
        const { name } = chosen[(round + turn) % chosen.length];
        const { pair, standing } = stood.get(name)!;
        const values = await measure(pair, standing, seconds);
        for (const { key } of MEASURES) results.values[name][key].push(values[key]);
        const line = MEASURES.map(({ key, unit, digits }) => `${key} ${values[key].toFixed(digits)} ${unit}`).join("  ");
        console.error(`round ${round + 1}/${rounds} ${name.padEnd(12)} ${line}`);
      }
    }
    console.log(`\n${table(results)}\n\n${conditions(results)}`);
    mkdirSync(dirname(options.json), { recursive: true });
    writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
    console.log(`figures: ${options.json}`);
    if (options.writeReadme) writeBlock(join(ROOT, "README.md"), markdown(results));
  } finally {
    for (const lab of labs.reverse()) await lab.close();
  }
}

await main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
