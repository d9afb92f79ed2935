// A container's whole life in a process of its own, which kills itself (SIGKILL) before one of its steps: what an agent that ends suddenly leaves.
// Arguments: directory, name, the number of the step (-1: none), and how it goes. Prints each step; "alive" when the command runs.

import { join } from "node:path";
import { Containers } from "../../../host/sandbox/containers.ts";
import { isGone } from "../../../host/sandbox/run.ts";
import { eventually } from "../../../lab/wait.ts";

const [directory, name, killAt, scenario] = process.argv.slice(2);
let count = 0;

const containers = new Containers({
  directory,
  log: { warn: (what, message) => console.error(message, what) },
  onStep: (step) => {
    console.log(step);
    if (count++ === Number(killAt)) process.kill(process.pid, "SIGKILL");
  },
});
// Whoever only waits keeps no process from ending; an agent has other things to do.
const living = setInterval(() => {}, 60_000);
await containers.recover();
const ends = scenario === "ends";
const command = ends ? ["sh", "-c", "exit 5"] : ["sh", "-c", "while :; do echo tick; sleep 0.1; done"];
const { record } = await containers.create({ name, command });
await containers.start(record.id);
if (scenario === "stays") {
  console.log("alive");
} else {
  if (ends) {
    await containers.wait(record.id);
    await containers.discard(record.id);
    // It has told its end, and may need a moment for it: who removes it then would make a step more.
    await eventually("the shim to be gone", () => isGone(join(directory, record.id)));
  }
  await containers.remove(record.id, { force: true, release: async () => console.log("released") });
  containers.close();
  clearInterval(living);
}
