// npm run bench:stages: what a lone ping costs, stage by stage.

import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { Lab } from "../../lab/lab.ts";
import { help, optionsOf, runProgram, whole } from "../command-line.ts";
import { writeFigures } from "../figures-file.ts";
import { describeMachine, ROOT } from "../machine.ts";
import { type Account, account } from "./measure.ts";

const HELP = `npm run bench:stages -- [options]: what a lone ping costs, stage by stage, everything on one CPU (root)

  --pings N     round trips measured (10000), after some thousand that warm up
  --json FILE   where the figures go (build/stages.json)
  --help`;

function options(): { pings: number; json: string } {
  return optionsOf("bench:stages", HELP, () => {
    const { values } = parseArgs({
      options: {
        pings: { type: "string", default: "10000" },
        json: { type: "string", default: join(ROOT, "build", "stages.json") },
        help,
      },
    });
    return values.help ? null : { pings: whole("--pings", values.pings, 100), json: values.json };
  });
}

/** Waiting is what is left over: it is no stage of its own. */
const WAITING = "epoll_wait";

function table({ hosts, roundTrip, clocked, linux }: Account): string {
  const out = new Table({
    head: ["host", "stage", "calls a round trip", "ns a call", "µs a round trip"],
    colAligns: ["left", "left", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  let sum = 0;
  for (const { host, stages } of hosts) {
    for (const { name, calls, nanoseconds } of stages) {
      if (name === WAITING) {
        out.push([host, name, calls.toFixed(2), "", ""]);
        continue;
      }
      const share = (calls * nanoseconds) / 1000;
      sum += share;
      out.push([host, name, calls.toFixed(2), nanoseconds.toFixed(0), share.toFixed(2)]);
    }
  }
  out.push(["", "stages, in all", "", "", sum.toFixed(1)]);
  out.push(["", "waiting, waking up, switching, JavaScript, ping itself", "", "", (roundTrip - sum).toFixed(1)]);
  out.push(["", "round trip", "", "", roundTrip.toFixed(1)]);
  const under = `with the clock in place ${clocked.toFixed(1)} µs; Linux vxlan ${linux.toFixed(1)} µs (×${(roundTrip / linux).toFixed(2)})`;
  return `${out.toString()}\n${under}`;
}

async function main(): Promise<void> {
  const { pings, json } = options();
  const labs: Lab[] = [];
  const open = async () => {
    labs.push(await Lab.open());
    return labs[labs.length - 1];
  };
  try {
    const machine = await describeMachine();
    const result = await account(open, pings);
    console.log(table(result));
    console.log(
      `${machine.cpu}, kernel ${machine.kernel}, Node ${machine.node}, commit ${machine.commit}, load ${machine.load.toFixed(2)}`,
    );
    writeFigures(json, { machine, ...result });
  } finally {
    for (const lab of labs.reverse()) await lab.close();
  }
}

await runProgram("bench:stages", main);
