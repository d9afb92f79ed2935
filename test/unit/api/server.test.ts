import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ApiServer, serveApi } from "../../../host/api/server.ts";
import type { FdbRow } from "../../../host/model/view.ts";
import { sampleView } from "../view.ts";

let directory: string;
let socketPath: string;
let server: ApiServer | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-api-"));
  socketPath = join(directory, "weft.sock");
});
afterEach(async () => {
  await server?.close();
  rmSync(directory, { recursive: true });
});

function ask(path: string, options: { method?: string; body?: string; headers?: Record<string, string> } = {}) {
  return new Promise<{ status: number; text: string; type: string | undefined }>((resolve, reject) => {
    const { body, ...rest } = options;
    const asked = request({ socketPath, path, ...rest }, (response) => {
      response.setEncoding("utf8");
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text, type: response.headers["content-type"] }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

describe("the API server", () => {
  test("rows are JSON", async () => {
    const view = sampleView();
    server = await serveApi(socketPath, view);
    const { status, text, type } = await ask("/v1/fdb?network=blue");
    expect([status, type]).toEqual([200, "application/json"]);
    expect(JSON.parse(text)).toEqual(view.fdb().slice(0, 2));
  });

  test.each([0, 1, 255, 256, 257, 20000])("%d rows arrive whole", async (count) => {
    const row = sampleView().fdb()[0];
    const rows: FdbRow[] = Array.from({ length: count }, (_, i) => ({ ...row, ageSeconds: i }));
    server = await serveApi(socketPath, sampleView({ fdb: () => rows }));
    expect(JSON.parse((await ask("/v1/fdb")).text)).toEqual(rows);
  });

  test("errors are Docker's shape", async () => {
    server = await serveApi(socketPath, sampleView());
    const { status, text } = await ask("/v1/fdb?network=green");
    expect([status, JSON.parse(text)]).toEqual([404, { message: expect.stringContaining('network "green"') }]);
  });

  test("a request with a body is refused", async () => {
    server = await serveApi(socketPath, sampleView());
    const { status, text } = await ask("/v1/fdb", { method: "POST", body: "x".repeat(100) });
    expect([status, JSON.parse(text)]).toEqual([413, { message: "POST /v1/fdb: such requests have no body" }]);
  });

  test("headers that are too large are refused", async () => {
    server = await serveApi(socketPath, sampleView());
    expect((await ask("/v1/fdb", { headers: { x: "y".repeat(9000) } })).status).toBe(431);
  });

  test("a view that fails is a 500, and the server goes on", async () => {
    let broken = true;
    const view = sampleView();
    const fdb = () => {
      if (broken) throw new Error("torn\ntable");
      return view.fdb();
    };
    server = await serveApi(socketPath, { ...view, fdb });
    expect(await ask("/v1/fdb")).toMatchObject({ status: 500, text: '{"message":"torn; table"}\n' });
    broken = false;
    expect((await ask("/v1/fdb")).status).toBe(200);
  });

  test("a client that leaves in the middle does no harm", async () => {
    const row = sampleView().fdb()[0];
    server = await serveApi(socketPath, sampleView({ fdb: () => Array.from({ length: 50000 }, () => row) }));
    await new Promise<void>((done) => {
      const socket = connect(socketPath, () => socket.write("GET /v1/fdb HTTP/1.1\r\nhost: a\r\n\r\n"));
      socket.once("data", () => socket.destroy());
      socket.on("close", () => done());
    });
    expect((await ask("/v1/info")).status).toBe(200);
  });

  test("what is not HTTP is refused", async () => {
    server = await serveApi(socketPath, sampleView());
    const answer = await new Promise<string>((done) => {
      const socket = connect(socketPath, () => socket.write("hello\r\n\r\n"));
      socket.once("data", (data) => done(String(data)));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("a second server is told, and closing removes the socket", async () => {
    server = await serveApi(socketPath, sampleView());
    await expect(serveApi(socketPath, sampleView())).rejects.toThrow("already served by a running agent");
    await server.close();
    server = undefined;
    expect(existsSync(socketPath)).toBe(false);
  });
});
