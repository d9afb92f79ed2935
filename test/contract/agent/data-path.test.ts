import pino from "pino";
import { afterEach, expect, test } from "vitest";
import { DataPath } from "../../../host/agent/data-path.ts";
import { desiredNetwork, loopbackConfig, recordFile } from "./loopback.ts";

const log = pino({ enabled: false });
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

test("opened, started and stopped, it leaves its port to the next", async () => {
  const config = await loopbackConfig();
  for (let i = 0; i < 2; i++) {
    const path = await DataPath.open(config, recordFile(undo), log);
    await path.start();
    const { failures } = await path.forwarding.apply(new Map([["blue", desiredNetwork("blue")]]), "all");
    expect(failures).toEqual([]);
    expect(path.view.networks().map(({ name }) => name)).toEqual(["blue"]);
    await path.stop((forwarding) => forwarding.release());
  }
});

test("a second one on the same address is refused, and the first goes on", async () => {
  const config = await loopbackConfig();
  const first = await DataPath.open(config, recordFile(undo), log);
  undo.push(() => first.stop((forwarding) => forwarding.release()));
  await first.start();
  await expect(DataPath.open(config, recordFile(undo), log)).rejects.toThrow(String(config.node.dataPort));
  expect(first.view.node().dataPort).toBe(config.node.dataPort);
});

test("one that was never started is closed as well", async () => {
  const config = await loopbackConfig();
  const path = await DataPath.open(config, recordFile(undo), log);
  await path.stop((forwarding) => forwarding.release());
  const next = await DataPath.open(config, recordFile(undo), log);
  await next.stop((forwarding) => forwarding.release());
});
