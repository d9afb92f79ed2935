// npm run bench:soak: two agents at full load for minutes: streams, floods, broadcasts, pings, a container that comes and goes. Then the load stops, and
// memory must have been flat, every frame of every network in the books, and no checksum wrong. Exit code 1 when something does not hold.

import { Lab } from "../../lab/lab.ts";
import { relayMetrics } from "../../lab/metrics.ts";
import { runProgram } from "../command-line.ts";
import { writeFigures } from "../figures-file.ts";
import { describeMachine } from "../machine.ts";
import { readOptions } from "./options.ts";
import { conditions, report } from "./report.ts";
import { watch } from "./sample.ts";
import { runTraffic } from "./traffic.ts";
import { checksumComplaints, judge } from "./verdict.ts";
import { standWorld } from "./world.ts";

async function main(): Promise<void> {
  const options = readOptions();
  const machine = await describeMachine();
  const lab = await Lab.open();
  const over = new AbortController();
  try {
    const world = await standWorld(lab, options.workers);
    const relays = await Promise.all(world.agents.map(({ host, file }) => relayMetrics(host, file.metrics ?? "")));
    console.error(`soaking for ${options.minutes} min`);
    const watching = watch(world.agents, relays, over.signal);
    const traffic = await Promise.race([
      runTraffic(world, options.minutes * 60),
      watching.then(() => Promise.reject(new Error("ended early"))),
    ]);
    over.abort();
    const samples = await watching;
    const verdicts = [];
    for (const [i, agent] of world.agents.entries()) verdicts.push(await judge(agent, samples[i], options));
    const checksums = await checksumComplaints(world);
    console.log(`${report(verdicts, traffic)}\n\n${conditions(machine, options, verdicts)}`);
    const hosts = world.agents.map(({ host }, i) => ({ host: host.name, samples: samples[i] }));
    writeFigures(options.json, { machine, options, verdicts, checksums, traffic, hosts });
    console.log(`figures: ${options.json}`);
    const complaints = [...verdicts.flatMap(({ host, complaints }) => complaints.map((text) => `host ${host}: ${text}`)), ...checksums];
    for (const complaint of complaints) console.error(`bench:soak: ${complaint}`);
    if (complaints.length > 0) process.exitCode = 1;
    else console.log("flat, balanced, no wrong checksum");
  } finally {
    over.abort();
    await lab.close();
  }
}

await runProgram("bench:soak", main);
