import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiServer, serveApi } from "../../../host/api/server.ts";
import { VERSION } from "../../../host/model/version.ts";
import { sampleView } from "../view.ts";
import { sampleContainer } from "./samples.ts";
import { type FakeAgent, fakeAgent } from "./weft.ts";

const WEFT = fileURLToPath(new URL("../../../bin/weft", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "weft-bin-"));
afterAll(() => rmSync(directory, { recursive: true }));

function weft(args: string[], options: { program?: string; env?: Record<string, string>; cwd?: string } = {}) {
  const { program = WEFT, env = {}, cwd } = options;
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    timeout: 20000,
    cwd,
    env: { ...process.env, ...env },
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

describe("bin/weft", () => {
  test("starts the command line from anywhere", () => {
    expect(weft(["--version"], { cwd: "/" })).toEqual({ status: 0, stdout: `weft ${VERSION}\n`, stderr: "" });
  });

  test("is found through symbolic links, relative and absolute", () => {
    mkdirSync(join(directory, "a"));
    mkdirSync(join(directory, "b"));
    symlinkSync(WEFT, join(directory, "a", "one"));
    symlinkSync("../a/one", join(directory, "b", "two"));
    const expected = { status: 0, stdout: `weft ${VERSION}\n`, stderr: "" };
    expect(weft(["--version"], { program: join(directory, "b", "two") })).toEqual(expected);
    expect(weft(["two", "--version"], { program: "sh", cwd: join(directory, "b") })).toEqual(expected);
  });

  test("its exit codes are the program's", () => {
    expect(weft([]).status).toBe(0);
    expect(weft(["zzz"])).toEqual({ status: 2, stdout: "", stderr: "unknown command 'zzz'\n" });
    expect(weft(["fdb", "show", "--host", "unix:///nowhere"])).toMatchObject({ status: 1, stdout: "" });
  });

  test("an output that takes nothing is one line", () => {
    const { status, stdout, stderr } = weft(["-c", `"${WEFT}" --version > /dev/full`], { program: "sh" });
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: "",
      stderr: "cannot write to standard output: no space left on device\n",
    });
  });

  test("arguments arrive as they were given", () => {
    expect(weft(["--host", "unix:///a  b/$x", "fdb", "show"]).stderr).toBe(
      "cannot reach the agent at unix:///a  b/$x: is weft running on this host?\n",
    );
  });

  test.each([
    ["v20.20.2", "Node.js v20.20.2 is too old"],
    ["v22.17.9", "Node.js v22.17.9 is too old"],
    [null, "Node.js is not installed"],
  ])("Node %s: one line, exit 1", (version, message) => {
    // A tree of its own without node_modules, and a PATH whose node says this version.
    const root = mkdtempSync(join(directory, "old-"));
    for (const folder of ["bin", "path"]) mkdirSync(join(root, folder));
    copyFileSync(WEFT, join(root, "bin", "weft"));
    for (const tool of ["dirname", "readlink"])
      symlinkSync(execFileSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).trim(), join(root, "path", tool));
    if (version !== null) {
      writeFileSync(join(root, "path", "node"), `#!/bin/sh\necho ${version}\n`);
      chmodSync(join(root, "path", "node"), 0o755);
    }
    const { status, stdout, stderr } = weft([join(root, "bin", "weft"), "--version"], {
      program: "/bin/sh",
      env: { PATH: join(root, "path") },
    });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(`weft: ${message}; install Node.js 22.18 or later, or run 'npm ci' in ${root}\n`);
  });
});

describe("the program", () => {
  const path = join(directory, "weft.sock");
  let server: ApiServer;
  beforeAll(async () => {
    const row = sampleView().fdb()[1];
    server = await serveApi(path, sampleView({ fdb: () => Array.from({ length: 20000 }, () => row) }));
  });
  afterAll(() => server.close());

  /** Not spawnSync: this process serves the API. */
  const shell = async (command: string) => {
    const { execFile } = await import("node:child_process");
    return new Promise<{ stdout: string; stderr: string; code: number }>((resolve) => {
      const env = { ...process.env, WEFT_HOST: `unix://${path}`, WEFT };
      const child = execFile("bash", ["-c", command], { env, maxBuffer: 1 << 26 }, (_, stdout, stderr) =>
        resolve({ stdout, stderr, code: child.exitCode ?? -1 }),
      );
    });
  };

  test("writes all of a long answer into a pipe", async () => {
    const { stdout, code } = await shell('"$WEFT" fdb show --format json | cat');
    expect([JSON.parse(stdout).length, code]).toEqual([20000, 0]);
  });

  test("a reader that has enough is no error", async () => {
    const { stdout, stderr } = await shell('set -o pipefail; "$WEFT" fdb show | head -n 1; echo "exit $?"');
    expect(stderr).toBe("");
    expect(stdout).toBe("NETWORK   VNI   MAC                 PORT   VTEP        STATE     AGE\nexit 0\n");
  });
});

describe("weft agent", () => {
  test("a file that is wrong: one line, exit 2", () => {
    const file = join(directory, "weft.yaml");
    writeFileSync(file, "node: { name: a, vtep: 10.99.0.1 }\nnetworks:\n  - name: blue\n    vni: 16777216\n");
    expect(weft(["agent", "--config", file])).toEqual({
      status: 2,
      stdout: "",
      stderr: `${file}:4:10: networks[0].vni: 16777216 is more than 24 bits hold (0..16777215)\n`,
    });
    expect(weft(["agent", "--config", "/nowhere.yaml"])).toEqual({
      status: 2,
      stdout: "",
      stderr: "/nowhere.yaml: cannot be read: no such file or directory\n",
    });
  });
});

describe("the cluster's commands, as a shell runs them", () => {
  /** Not spawnSync: this process serves the API. */
  async function start(agent: FakeAgent, args: string[], input = "") {
    const child = spawn(WEFT, args, { env: { ...process.env, WEFT_HOST: agent.host } });
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => {
      said.out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      said.err += text;
    });
    child.stdin.end(input);
    const ended = once(child, "close").then(([code]) => ({ code, ...said }));
    return { child, ended };
  }

  test("exec: input, outputs and exit code are the command's", async () => {
    const container = sampleContainer({ ExecPrefix: ["env", "WHERE=inside"] });
    const agent = await fakeAgent({ "container.inspect": () => ({ found: [container], refused: [] }) });
    try {
      const { ended } = await start(agent, ["exec", "shop", "--", "sh", "-c", "cat; echo $WHERE >&2; exit 5"], "typed\n");
      expect(await ended).toEqual({ code: 5, out: "typed\n", err: "inside\n" });
    } finally {
      await agent.close();
    }
  });

  test("run: SIGTERM goes to the container, whose end is this one's", async () => {
    let end = () => {};
    const signalled = new Promise<void>((done) => {
      end = done;
    });
    const agent = await fakeAgent(
      {
        "container.run": () => ({ Id: "cd".repeat(32), Warnings: [] }),
        "container.signal": () => {
          end();
          return {};
        },
        "container.wait": () => ({ StatusCode: 143 }),
      },
      async function* () {
        yield { stream: "stdout", log: "up\n", time: "2026-11-22T12:00:00.000Z" };
        await signalled;
      },
    );
    try {
      const { child, ended } = await start(agent, ["run", "--network", "blue", "--", "sleep", "60"]);
      await once(child.stdout, "data");
      child.kill("SIGTERM");
      expect(await ended).toEqual({ code: 143, out: "up\n", err: "" });
      expect(agent.asked.find(({ name }) => name === "container.signal")?.input).toEqual({ name: "cd".repeat(32), signal: "SIGTERM" });
    } finally {
      await agent.close();
    }
  });

  test("prune without a terminal asks nobody", async () => {
    const agent = await fakeAgent({});
    try {
      const { ended } = await start(agent, ["network", "prune"], "y\n");
      expect(await ended).toMatchObject({ code: 2, out: "" });
      expect(agent.asked).toEqual([]);
    } finally {
      await agent.close();
    }
  });
});
