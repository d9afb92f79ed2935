import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSocketServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiClient, socketPathOf } from "../../../host/api/client.ts";
import { serveApi } from "../../../host/api/server.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { VERSION } from "../../../host/model/version.ts";
import { sampleView } from "../view.ts";

let directory: string;
let path: string;
let host: string;
const closers: (() => unknown)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-client-"));
  path = join(directory, "weft.sock");
  host = `unix://${path}`;
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  rmSync(directory, { recursive: true });
});

async function listen(server: Server): Promise<void> {
  await new Promise<void>((done) => server.listen(path, done));
  closers.push(() => new Promise((done) => server.close(done)));
}

describe("the API client", () => {
  test("asks a real agent's API", async () => {
    const view = sampleView();
    const server = await serveApi(path, view);
    closers.push(() => server.close());
    const client = new ApiClient(host);
    expect(await client.info()).toEqual({ version: VERSION, ...view.node() });
    expect(await client.networks()).toEqual(view.networks());
    expect(await client.fdb()).toEqual(view.fdb());
    expect(await client.fdb("red")).toEqual(view.fdb().slice(2));
    expect(await client.neighbors("blue")).toEqual(view.neighbors().slice(0, 1));
    expect(await client.vteps("blue")).toEqual(view.vteps().slice(0, 1));
    await expect(client.vteps("a&b=c")).rejects.toThrow('in no network "a&b=c"');
  });

  test("no socket: is the agent running?", async () => {
    const asked = new ApiClient(host).info();
    await expect(asked).rejects.toThrow(`cannot reach the agent at ${host}: is weft running on this host?`);
    await expect(asked).rejects.toBeInstanceOf(OperationError);
  });

  test("an answer that is no JSON", async () => {
    await listen(createServer((_, response) => response.end("<html>")));
    await expect(new ApiClient(host).info()).rejects.toThrow(`the agent at ${host} gave an answer that is not JSON (status 200)`);
  });

  test("an agent that did not come to read the request in time", async () => {
    await listen(createServer((_, response) => response.writeHead(408).end()));
    await expect(new ApiClient(host).info()).rejects.toThrow(`the agent at ${host} is too busy to hear the request: try again`);
  });

  test("an error without a message", async () => {
    await listen(createServer((_, response) => response.writeHead(503).end("null")));
    await expect(new ApiClient(host).info()).rejects.toThrow(`the agent at ${host} answered with status 503`);
  });

  test("an agent that dies in the middle of its answer", async () => {
    const server = createServer((_, response) => {
      response.write("[", () => response.destroy());
    });
    await listen(server);
    await expect(new ApiClient(host).fdb()).rejects.toThrow(`cannot reach the agent at ${host}: aborted`);
  });

  test("a refusal with an exit code is an error with it", async () => {
    const answer = JSON.stringify({ message: "container c: exec x: not found in $PATH", exitCode: 127 });
    await listen(createServer((_, response) => response.writeHead(409).end(answer)));
    const run = new ApiClient(host).do("container.run", { networks: ["blue"], command: ["x"] });
    await expect(run).rejects.toMatchObject({ message: "container c: exec x: not found in $PATH", exitCode: 127 });
  });

  test("something that is not HTTP", async () => {
    await listen(createSocketServer((socket) => socket.resume().end("SSH-2.0\r\n\r\n")));
    await expect(new ApiClient(host).info()).rejects.toThrow(`cannot reach the agent at ${host}: Parse Error`);
  });
});

describe("addresses of agents", () => {
  test("unix://PATH", () => {
    expect(socketPathOf("unix:///run/weft/weft.sock")).toBe("/run/weft/weft.sock");
  });

  test.each(["", "/run/weft.sock", "unix://weft.sock", "tcp://127.0.0.1:1", "unix:/run/x"])("%j is refused", (text) => {
    expect(() => new ApiClient(text)).toThrow(UsageError);
    expect(() => new ApiClient(text)).toThrow("is not an address of an agent (expected unix://PATH");
  });
});
