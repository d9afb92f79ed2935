import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiClient } from "../../../host/api/client.ts";
import { type ApiServer, serveApi } from "../../../host/api/server.ts";
import { show } from "../../../host/cli/show.ts";
import { sampleView } from "../view.ts";

const directory = mkdtempSync(join(tmpdir(), "weft-show-"));
const view = sampleView();
let server: ApiServer;
beforeAll(async () => {
  // Rows in no order: the command sorts them.
  server = await serveApi(join(directory, "weft.sock"), {
    ...view,
    fdb: () => view.fdb().reverse(),
    vteps: () => [
      { address: "fd00::1", port: 4790, mtu: 1430, networks: [], superframes: "sockets", suspended: false },
      { address: "10.99.0.10", port: 4789, mtu: 8950, networks: ["red"], superframes: "sockets", suspended: false },
      ...view.vteps(),
    ],
  });
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

const ask = (subject: "fdb" | "neighbor" | "vtep", format: "table" | "json", network?: string) =>
  show(subject, new ApiClient(`unix://${directory}/weft.sock`), { network, format, bold: (text) => text });

test("fdb, for people", async () => {
  expect(await ask("fdb", "table")).toBe(`\
NETWORK   VNI   MAC                 PORT       VTEP        STATE     AGE
blue      42    02:42:0a:00:00:01   pcA/eth0   -           static    -
blue      42    02:42:0a:00:00:02   -          10.99.0.2   learned   12s
red       43    02:42:0a:00:00:02   -          10.99.0.3   learned   0s
`);
});

test("neighbours, for people", async () => {
  expect(await ask("neighbor", "table")).toBe(`\
NETWORK   VNI   IP         MAC
blue      42    10.0.0.2   02:42:0a:00:00:02
red       43    fd00::2    02:42:0a:00:00:02
`);
});

test("VTEPs, for people, in the order of their addresses", async () => {
  expect(await ask("vtep", "table")).toBe(`\
ADDRESS      PORT   MTU    STATE    SUPERFRAMES   NETWORKS
10.99.0.2    4789   1450   active   sockets       blue,red
10.99.0.3    4789   1400   active   injected      red
10.99.0.10   4789   8950   active   sockets       red
fd00::1      4790   1430   active   sockets       -
`);
});

test("for programs: the rows as the API has them", async () => {
  expect(JSON.parse(await ask("fdb", "json"))).toEqual(view.fdb());
  expect(JSON.parse(await ask("fdb", "json", "red"))).toEqual(view.fdb().slice(2));
  expect(JSON.parse(await ask("neighbor", "json", "red"))).toEqual(view.neighbors().slice(1));
});

test("one network, and one that is not there", async () => {
  expect((await ask("fdb", "table", "red")).split("\n")).toHaveLength(3);
  await expect(ask("vtep", "table", "green")).rejects.toThrow('this host is in no network "green"');
});
