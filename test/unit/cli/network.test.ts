import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sampleNetwork } from "./samples.ts";
import { type FakeAgent, fakeAgent, weftWith } from "./weft.ts";

const BLUE = sampleNetwork();
const RED = sampleNetwork({ Name: "red", Id: "y".repeat(25), EnableIPv6: true, Labels: {} });

let agent: FakeAgent;
let deleted: string[];
beforeEach(async () => {
  deleted = ["red"];
  agent = await fakeAgent({
    "network.ls": () => [BLUE, RED],
    "network.inspect": ({ names }) => ({
      found: names.includes("blue") ? [BLUE] : [],
      refused: names.filter((name) => name !== "blue").map((name) => ({ name, message: `network "${name}" not found` })),
    }),
    "network.rm": ({ names }) => ({
      removed: names.filter((name) => name !== "blue"),
      refused: names
        .filter((name) => name === "blue")
        .map((name) => ({ name, message: "network blue is in use: container web on host b" })),
    }),
    "network.prune": () => ({ NetworksDeleted: deleted }),
  });
});
afterEach(() => agent.close());

describe("weft network ls", () => {
  test("Docker's columns", async () => {
    const out =
      "NETWORK ID     NAME   DRIVER    SCOPE\n" + "x1k2x1k2x1k2   blue   overlay   global\n" + "yyyyyyyyyyyy   red    overlay   global\n";
    expect(await agent.weft(["network", "ls"])).toEqual({ code: 0, out, err: "" });
    expect(agent.asked).toEqual([{ name: "network.ls", input: { filters: {} } }]);
  });

  test("Docker's JSON: an object a line, whose values are text", async () => {
    const { out } = await agent.weft(["network", "ls", "--format", "json"]);
    expect(JSON.parse(out.split("\n")[0])).toEqual({
      ID: "x1k2x1k2x1k2",
      Name: "blue",
      Driver: "overlay",
      Scope: "global",
      CreatedAt: "2026-11-22T11:00:00.000Z",
      IPv4: "true",
      IPv6: "false",
      Internal: "false",
      Labels: "app=shop,tier=",
    });
  });

  test.each([
    [["-q"], "x1k2x1k2x1k2\nyyyyyyyyyyyy\n"],
    [["-q", "--no-trunc"], `${BLUE.Id}\n${RED.Id}\n`],
    [["--format", "{{.Name}} {{.IPv6}}"], "blue false\nred true\n"],
    [["--format", "table {{.Name}}\\t{{.Scope}}"], "NAME   SCOPE\nblue   global\nred    global\n"],
  ])("%j", async (flags, out) => {
    expect(await agent.weft(["network", "list", ...flags])).toEqual({ code: 0, out, err: "" });
  });

  test("filters", async () => {
    await agent.weft(["network", "ls", "-f", "name=blue", "--filter", "label=app=shop"]);
    expect(agent.asked[0].input).toEqual({ filters: { name: ["blue"], label: ["app=shop"] } });
  });
});

describe("weft network inspect", () => {
  test("an array, as Docker lays it out; -v asks for more", async () => {
    const { code, out } = await agent.weft(["network", "inspect", "-v", "blue"]);
    expect([code, JSON.parse(out)]).toEqual([0, [BLUE]]);
    expect(out.startsWith('[\n    {\n        "Name": "blue",\n')).toBe(true);
    expect(agent.asked).toEqual([{ name: "network.inspect", input: { names: ["blue"], verbose: true } }]);
  });

  test("what is there is shown, what is not is told", async () => {
    const args = ["network", "inspect", "-f", "{{.Name}} {{json .Labels}}", "blue", "green"];
    expect(await agent.weft(args)).toEqual({ code: 1, out: 'blue {"app":"shop","tier":""}\n', err: 'network "green" not found\n' });
    expect((await agent.weft(["network", "inspect", "green"])).out).toBe("[]\n");
  });
});

describe("weft network rm", () => {
  test("all are tried", async () => {
    const err = "network blue is in use: container web on host b\n";
    expect(await agent.weft(["network", "rm", "blue", "red", "green"])).toEqual({ code: 1, out: "red\ngreen\n", err });
    expect(agent.asked).toEqual([{ name: "network.rm", input: { names: ["blue", "red", "green"], force: false } }]);
  });

  test("--force is passed on", async () => {
    expect((await agent.weft(["network", "remove", "-f", "red"])).code).toBe(0);
    expect(agent.asked[0].input).toEqual({ names: ["red"], force: true });
  });
});

describe("weft network prune", () => {
  test("--force", async () => {
    expect(await agent.weft(["network", "prune", "-f", "--filter", "until=24h"])).toEqual({
      code: 0,
      out: "Deleted Networks:\nred\n\n",
      err: "",
    });
    expect(agent.asked).toEqual([{ name: "network.prune", input: { filters: { until: ["24h"] } } }]);
    deleted = [];
    expect((await agent.weft(["network", "prune", "-f"])).out).toBe("");
  });

  test.each([
    ["y", 1],
    ["Yes ", 1],
    ["n", 0],
    ["", 0],
  ])("asked, %j is the answer", async (answer, times) => {
    let question = "";
    const ask = (text: string) => {
      question = text;
      return Promise.resolve(answer);
    };
    expect((await agent.weft(["network", "prune"], { ask })).code).toBe(0);
    expect(question).toMatch(/^WARNING! .*\nAre you sure you want to continue\? \[y\/N\] $/);
    expect(agent.asked).toHaveLength(times);
  });

  test("without a terminal nothing is removed", async () => {
    const err = "weft network prune asks first, and there is no terminal to ask at: give --force\n";
    expect(await agent.weft(["network", "prune"])).toEqual({ code: 2, out: "", err });
    expect(agent.asked).toEqual([]);
  });
});

test.each([
  [["network", "lst"], "unknown command 'lst' for 'weft network' (there are: create, ls, inspect, rm, prune, connect, disconnect)"],
  [["network", "ls", "-f", "name"], "option '-f, --filter <key=value>' argument 'name' is invalid. Expected KEY=VALUE."],
  [["network", "ls", "--format", "{{.Name"], "a {{ is not closed."],
  [["network", "ls", "--frmat", "json"], "unknown option '--frmat' (Did you mean --format?)"],
  [["network", "ls", "--", "x"], "weft ls: -- and a command are for weft run and weft exec"],
  [["network", "inspect"], "missing required argument 'network'"],
  [["network", "inspect", "-f", "Name", "blue"], "Expected json, or a template"],
  [["network", "inspect", "-f", "{{.Nmae}}", "blue"], "--format: there is no field .Nmae here (there are: Name, Id, "],
  [["network", "rm"], "missing required argument 'network'"],
  [["network", "prune", "--filter", "until="], "Expected KEY=VALUE."],
])("%j is refused", async (args, message) => {
  const { code, out, err } = await agent.weft(args);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain(message);
  expect(err.trimEnd().split("\n")).toHaveLength(1);
});

test.each([
  ["network ls -f colour=blue", "invalid filter 'colour' (known: driver, id, label, name, scope, type, dangling)"],
  ["network ls -f dangling=perhaps", "invalid filter 'dangling=perhaps': it is true or false"],
  ["network prune -f --filter until=soon", "invalid filter 'until=soon': expected e.g. 10m, 1h30m or 2026-01-31T12:00:00Z"],
  ["node ls -f membership=x", "invalid filter 'membership' (known: id, name, role)"],
])("%s is refused without an agent", async (words, line) => {
  const said = await weftWith(words.split(" "), { env: { WEFT_HOST: "unix:///nowhere/weft.sock" } });
  expect(said).toEqual({ code: 2, out: "", err: `${line}\n` });
});
