// Signals to a process of its own, as a shell sends them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { onSignals, untilSignal } from "../../../host/cli/signals.ts";

const MODULE = fileURLToPath(new URL("../../../host/cli/signals.ts", import.meta.url));

/** Starts a process that waits until it is stopped; `end` is what it does then. */
async function waiting(end: string) {
  const script = `
    import { onSignals, untilSignal } from ${JSON.stringify(MODULE)};
    await untilSignal((stop) => new Promise((done) => {
      stop.addEventListener("abort", () => { console.log("reason " + stop.reason); ${end} });
      console.log("waiting");
      setInterval(() => {}, 1000);
    }));
    console.log("after");
    process.exit(7);`;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  const until = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => printed.includes(text) && resolve();
      child.stdout.on("data", look);
      look();
    });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  await until("waiting");
  return { child, until, closed: once(child, "close"), printed: () => printed };
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s stops the work, which ends in order", async (signal) => {
  const { child, closed, printed } = await waiting("done();");
  child.kill(signal);
  expect(await closed).toEqual([7, null]);
  expect(printed()).toBe(`waiting\nreason ${signal}\nafter\n`);
});

test("a second signal ends the process at once", async () => {
  const { child, closed, until } = await waiting("");
  child.kill("SIGINT");
  await until("reason SIGINT");
  child.kill("SIGINT");
  expect(await closed).toEqual([null, "SIGINT"]);
});

test("afterwards signals are as they were, also when the work fails", async () => {
  const before = process.listenerCount("SIGINT");
  expect(await untilSignal(async () => process.listenerCount("SIGINT"))).toBe(before + 1);
  await expect(untilSignal(() => Promise.reject(new Error("x")))).rejects.toThrow("x");
  expect(process.listenerCount("SIGINT")).toBe(before);
});

test("signals are handed on until they are forgotten, each as often as it comes", () => {
  const before = process.listenerCount("SIGUSR2");
  const heard: string[] = [];
  const forget = onSignals(["SIGUSR2", "SIGHUP"], (name) => heard.push(name));
  for (const name of ["SIGUSR2", "SIGHUP", "SIGUSR2"] as const) process.emit(name);
  forget();
  expect([heard, process.listenerCount("SIGUSR2")]).toEqual([["SIGUSR2", "SIGHUP", "SIGUSR2"], before]);
});
