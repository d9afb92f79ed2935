// The API at its door: who is listened to, how much of what is sent is read, and for how long; then operations and logs through the real client.

import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiClient, REQUEST_BYTES_MAX } from "../../../host/api/client.ts";
import type { LogsOptions, Operations } from "../../../host/api/operations.ts";
import { type ApiServer, serveApi } from "../../../host/api/server.ts";
import type { LogLine } from "../../../host/model/cluster/answers.ts";
import { StoreError } from "../../../host/model/cluster/store.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { LazyJson, lazyList } from "../../../host/model/lazy-json.ts";
import { eventually } from "../../../lab/wait.ts";
import { sampleView } from "../../unit/view.ts";
import { answerAs, closed, halfRequest, rawAnswer } from "./exchange.ts";

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
let directory: string;
let path: string;
let server: ApiServer;
const asked: unknown[] = [];
let act: (name: string, gone: AbortSignal) => unknown;
let logs: (options: LogsOptions) => AsyncIterable<LogLine>;

const operations: Operations = {
  do: async (name, input, gone) => {
    asked.push({ name, input });
    return await act(name, gone);
  },
  logs: (_, options) => logs(options),
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "weft-door-"));
  path = join(directory, "weft.sock");
  asked.length = 0;
  act = () => ({});
  logs = async function* () {};
  server = await serveApi(path, sampleView(), operations);
});
afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

const post = (name: string, length: number | string, body = "") =>
  `POST /v1/${name} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n${body}`;
const line = (log: string): LogLine => ({ log, stream: "stdout", time: "2026-11-22T12:00:00.000Z" });

describe("who is listened to", () => {
  test("the socket is its owner's alone", () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test.skipIf(!isRoot)("another user cannot open it (needs root)", async () => {
    chmodSync(directory, 0o755);
    expect(await answerAs(NOBODY, path, "GET /v1/info HTTP/1.1\r\nhost: a\r\n\r\n")).toEqual({ answer: "EACCES\n", code: 1 });
  });

  test.skipIf(!isRoot)("nor is it heard where somebody has opened the socket to all (needs root)", async () => {
    chmodSync(directory, 0o755);
    chmodSync(path, 0o666);
    const refusal = `{"message":"user ${NOBODY} may not ask this agent: only root and user 0 may"}`;
    const read = await answerAs(NOBODY, path, "GET /v1/fdb HTTP/1.1\r\nhost: a\r\n\r\n");
    expect(read.answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(read.answer).toContain(refusal);
    const written = await answerAs(NOBODY, path, post("network.ls", 2, "{}"));
    expect(written.answer).toContain(refusal);
    expect(asked).toEqual([]);
  });

  test.skipIf(!isRoot)("and a stranger who says nothing is cut off (needs root)", async () => {
    chmodSync(directory, 0o755);
    chmodSync(path, 0o666);
    const start = performance.now();
    expect(await answerAs(NOBODY, path, "")).toEqual({ answer: "", code: 0 });
    expect(performance.now() - start).toBeLessThan(8000);
  });
});

describe("how much is read", () => {
  test("a body that says that it is too large is refused before it is read", async () => {
    const answer = await rawAnswer(path, post("network.ls", REQUEST_BYTES_MAX + 1));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain(`{"message":"network.ls: the request has more than ${REQUEST_BYTES_MAX} bytes"}`);
    expect(asked).toEqual([]);
  });

  test("and so is one that turns out to be, without its length being told", async () => {
    const head = "POST /v1/network.ls HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    const chunk = `10000\r\n${" ".repeat(0x10000)}\r\n`;
    // Valid JSON, were it ever read to its end.
    const answer = await rawAnswer(path, `${head}${chunk.repeat(REQUEST_BYTES_MAX / 0x10000 + 1)}2\r\n{}\r\n0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(asked).toEqual([]);
  });

  test("one of the bound's size is read", async () => {
    expect(await rawAnswer(path, post("network.ls", REQUEST_BYTES_MAX, "{}".padEnd(REQUEST_BYTES_MAX)))).toMatch(/^HTTP\/1\.1 200 /);
    expect(asked).toEqual([{ name: "network.ls", input: { filters: {} } }]);
  });

  test("the client does not even send what is too large", async () => {
    const asking = new ApiClient(`unix://${path}`).do("network.ls", { filters: { name: ["x".repeat(REQUEST_BYTES_MAX)] } });
    await expect(asking).rejects.toThrow(UsageError);
  });

  test("operations are asked, not read", async () => {
    const answer = await rawAnswer(path, "GET /v1/network.ls HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 405 .*\{"message":"\/v1\/network\.ls can only be asked \(POST\)"\}/s);
  });
});

describe("for how long", () => {
  test("a request that comes a byte at a time is cut off, and others are served meanwhile", async () => {
    const start = performance.now();
    const slow = [
      await halfRequest(path, "POST /v1/network.ls HT"),
      await halfRequest(path, post("network.ls", 1000, "{")),
      await halfRequest(path, ""),
    ];
    const drips = setInterval(() => {
      for (const socket of slow.slice(0, 2)) socket.write(" ");
    }, 500);
    try {
      const ends = Promise.all(slow.map((socket) => closed(socket.resume())));
      await new ApiClient(`unix://${path}`).do("network.ls", {});
      await ends;
    } finally {
      clearInterval(drips);
    }
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(asked).toHaveLength(1);
  });

  test("who waits is told apart from who has left", async () => {
    let gone: AbortSignal | undefined;
    act = (_, signal) => {
      gone = signal;
      return new Promise(() => {});
    };
    const controller = new AbortController();
    const waiting = new ApiClient(`unix://${path}`).do("container.wait", { name: "web" }, controller.signal);
    waiting.catch(() => {});
    await eventually("the agent to be asked", () => gone !== undefined);
    expect(gone?.aborted).toBe(false);
    controller.abort();
    await expect(waiting).rejects.toThrow(OperationError);
    await eventually("the agent to be told", () => gone?.aborted === true);
  });
});

describe("what comes back", () => {
  test.each([
    [new UsageError("--ip 10.0.0.1: not in blue"), UsageError],
    [new OperationError('network "blue" has containers'), OperationError],
    [new StoreError("unavailable", "no manager answers"), OperationError],
    [new Error("torn"), OperationError],
  ])("%s", async (error, kind) => {
    act = () => {
      throw error;
    };
    const asking = new ApiClient(`unix://${path}`).do("network.ls", {});
    await expect(asking).rejects.toBeInstanceOf(kind);
    await expect(asking).rejects.toThrow(error.message);
  });

  test("a long list, whole", async () => {
    const list = Array.from({ length: 5000 }, (_, i) => ({ node: `${i}` }));
    act = () => list;
    expect(await new ApiClient(`unix://${path}`).do("peer.ls", {})).toEqual(list);
  });

  test("one that is made as it is read: no faster, and not for who has left", async () => {
    let made = 0;
    let ended = false;
    const endless = async function* () {
      try {
        for (; ; made++) yield ["x".repeat(100_000)];
      } finally {
        ended = true;
      }
    };
    act = () => new LazyJson({ found: lazyList(endless()) });
    const reader = await halfRequest(path, post("network.inspect", 16, '{"names":["a"]}'.padEnd(16)));
    reader.pause();
    let same = 0;
    let before = 0;
    await eventually("the buffers to be full", () => {
      same = made > 0 && made === before ? same + 1 : 0;
      before = made;
      return same === 5;
    });
    expect(ended).toBe(false);
    reader.destroy();
    await eventually("the end of it", () => ended);
  });

  test.each([0, 1])("and what goes wrong after %d pieces of it is told as of any other", async (pieces) => {
    const failing = async function* () {
      if (pieces > 0) yield ["x".repeat(100_000)];
      throw new StoreError("unavailable", "no manager answers: Ende – 終");
    };
    act = () => new LazyJson({ found: lazyList(failing()) });
    const asking = new ApiClient(`unix://${path}`).do("network.inspect", { names: ["a"] });
    await expect(asking).rejects.toBeInstanceOf(OperationError);
    await expect(asking).rejects.toThrow(/^no manager answers: Ende – 終$/);
  });
});

describe("logs", () => {
  const collect = async (lines: AsyncIterable<LogLine>) => {
    const all: LogLine[] = [];
    for await (const one of lines) all.push(one);
    return all;
  };

  test("line by line, as they come", async () => {
    let go = () => {};
    const second = new Promise<void>((done) => {
      go = done;
    });
    let given: unknown;
    logs = async function* ({ follow, tail }) {
      given = { follow, tail };
      yield line("one\n");
      await second;
      yield line("zwei · 二\n");
    };
    const lines = new ApiClient(`unix://${path}`).logs("web", { follow: true, tail: 10 });
    expect((await lines.next()).value).toEqual(line("one\n"));
    go();
    expect((await lines.next()).value).toEqual(line("zwei · 二\n"));
    expect((await lines.next()).done).toBe(true);
    expect(given).toEqual({ follow: true, tail: 10 });
  });

  test("an empty one", async () => {
    expect(await collect(new ApiClient(`unix://${path}`).logs("web", { follow: false, tail: null }))).toEqual([]);
  });

  test("an error before the first line, and one after it", async () => {
    const fail = async function* (lines: LogLine[]) {
      yield* lines;
      throw new OperationError("container web not found");
    };
    for (const before of [[], [line("one\n")]]) {
      logs = () => fail(before);
      const reading = collect(new ApiClient(`unix://${path}`).logs("web", { follow: false, tail: null }));
      await expect(reading).rejects.toThrow("container web not found");
    }
  });

  test("end for the agent when the client leaves", async () => {
    let gone: AbortSignal | undefined;
    logs = async function* (options) {
      gone = options.gone;
      yield line("one\n");
      await new Promise(() => {});
    };
    const lines = new ApiClient(`unix://${path}`).logs("web", { follow: true, tail: null });
    await lines.next();
    await lines.return();
    await eventually("the agent to be told", () => gone?.aborted === true);
  });

  test("an agent that goes away in the middle is told", async () => {
    logs = async function* () {
      yield line("one\n");
      await new Promise(() => {});
    };
    const lines = new ApiClient(`unix://${path}`).logs("web", { follow: true, tail: null });
    await lines.next();
    const next = lines.next();
    next.catch(() => {});
    await server.close();
    await expect(next).rejects.toThrow("went away in the middle of the log");
  });
});
