import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hasBody, readBody } from "../../../host/api/body.ts";
import { REQUEST_BYTES_MAX } from "../../../host/api/client.ts";

const directory = mkdtempSync(join(tmpdir(), "weft-body-"));
const socketPath = join(directory, "socket");
/** Answers what it read, as `[hasBody, length or null]`. */
const server = createServer((asked, response) => {
  const has = hasBody(asked);
  readBody(asked).then((text) =>
    response.writeHead(200, { connection: "close" }).end(JSON.stringify([has, text === null ? null : text.length])),
  );
});
beforeAll(() => new Promise<void>((done) => server.listen(socketPath, done)));
afterAll(async () => {
  await new Promise((done) => server.close(done));
  rmSync(directory, { recursive: true });
});

function send(body: string | null, headers: Record<string, string> = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: "POST", headers }, async (response) => {
      let text = "";
      for await (const part of response) text += part;
      resolve(JSON.parse(text));
    });
    asked.on("error", reject);
    asked.end(body ?? undefined);
  });
}

test.each([
  [null, {}, [false, 0]],
  ["", { "content-length": "0" }, [false, 0]],
  ["{}", {}, [true, 2]],
  ["{}", { "transfer-encoding": "chunked" }, [true, 2]],
  ["x".repeat(REQUEST_BYTES_MAX), {}, [true, REQUEST_BYTES_MAX]],
] as const)("body %#", async (body, headers, answer) => {
  expect(await send(body, headers)).toEqual(answer);
});
