// Ports that cannot be had, with tables and workers but without interfaces; with interfaces: test/netns/control/ports.test.ts.

import { mkdirSync, rmdirSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Desired } from "../../../host/model/forwarding.ts";
import { LoopbackPlane } from "./plane.ts";
import { mac, network } from "./wanted.ts";

/** There for any user; what is asked for in it must not be made. */
const OWN_NETNS = "/proc/self/ns/net";

let open: LoopbackPlane;
beforeEach(() => {
  open = LoopbackPlane.bare();
});
afterEach(() => open?.close());

const withPort = (netns: string): Desired => {
  const port = { netns, interface: "weft-none", addresses: ["10.0.0.1/24"], mac: mac(1) };
  return new Map([["blue", { ...network("blue", {}), ports: new Map([[`${netns}/weft-none`, port]]) }]]);
};

test("none is made that could not be written down; that is told, and tried again", async () => {
  mkdirSync(open.record);
  const { failures } = await open.forwarding.apply(withPort(OWN_NETNS), "all");
  expect(failures).toContainEqual(expect.stringMatching(/^port .*weft-none of network blue: .*cannot be written down/));
  const { ports } = open.forwarding;
  expect(await ports.openMissing(false)).toEqual([expect.stringMatching(/cannot be written down/)]);
  expect((await open.forwarding.reconcile(withPort(OWN_NETNS))).applied.failures).toContainEqual(
    expect.stringMatching(/cannot be written down/),
  );
  expect(ports.all.map(({ exists, up }) => [exists, up])).toEqual([[false, false]]);
  await open.forwarding.apply(withPort("nowhere"), "all");
  rmdirSync(open.record);
  expect(await ports.openMissing(true)).toEqual([expect.stringMatching(/namespace .*nowhere is missing/)]);
});

test("that workers do not hear of it is told", async () => {
  const { published } = open.plane;
  open.plane.published = () => Promise.reject(new Error("a worker hangs"));
  const { failures } = await open.forwarding.apply(withPort("nowhere"), "all");
  expect(failures).toContain("a worker hangs");
  expect(await open.forwarding.ports.openMissing(true)).toContain("a worker hangs");
  open.plane.published = published;
});
