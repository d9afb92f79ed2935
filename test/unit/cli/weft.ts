// For tests of the command line: runs it in this process against a real API server on a unix socket, whose operations note what they are asked.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogsOptions, Operations } from "../../../host/api/operations.ts";
import { serveApi } from "../../../host/api/server.ts";
import { run } from "../../../host/cli/program.ts";
import type { Surroundings } from "../../../host/cli/surroundings.ts";
import type { Answer, LogLine } from "../../../host/model/cluster/answers.ts";
import type { Checked, Operation } from "../../../host/model/cluster/operations.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { sampleView } from "../view.ts";

export interface Said {
  code: number;
  out: string;
  err: string;
}

/** Surroundings that have nothing to offer. */
export function nothingAround(): Surroundings {
  const nobody = (what: string) => () => Promise.reject(new Error(`no ${what} here`));
  return {
    env: {},
    stdout: { write: () => {} },
    stderr: { write: () => {} },
    now: () => Date.parse("2026-11-22T12:00:00Z"),
    ask: () => null,
    runAgent: nobody("agent"),
    runMember: nobody("member"),
    runRestore: nobody("restore"),
    runAbandon: nobody("abandon"),
    loadBench: nobody("bench"),
    spawn: nobody("program"),
  };
}

/** Outputs, and what is said on them. */
export function outputs(isTTY = false) {
  const said: Said = { code: -1, out: "", err: "" };
  const output = (stream: "out" | "err") => ({
    isTTY,
    write: (text: string) => {
      said[stream] += text;
    },
  });
  return { said, stdout: output("out"), stderr: output("err") };
}

/** Runs a command line and returns what a shell would see. */
export async function weftWith(args: string[], part: Partial<Surroundings> & { tty?: boolean }): Promise<Said> {
  const { tty, ...rest } = part;
  const { said, stdout, stderr } = outputs(tty);
  said.code = await run(args, { ...nothingAround(), stdout, stderr, ...rest });
  return said;
}

type Replies = { [Name in Operation]?: (input: Checked<Name>, gone: AbortSignal) => Promise<Answer<Name>> | Answer<Name> };

export interface FakeAgent {
  /** What was asked, in order. */
  asked: { name: Operation; input: unknown }[];
  logsAsked: { reference: string; follow: boolean; tail: number | null }[];
  /** Runs a command line against it. */
  weft(args: string[], part?: Partial<Surroundings> & { tty?: boolean }): Promise<Said>;
  host: string;
  socket: string;
  close(): Promise<void>;
}

/** An agent's API whose operations answer what they are told to; one that is not told is refused. */
export async function fakeAgent(
  replies: Replies,
  logs: (options: LogsOptions) => AsyncIterable<LogLine> = async function* () {},
): Promise<FakeAgent> {
  const directory = mkdtempSync(join(tmpdir(), "weft-fake-"));
  const socket = join(directory, "weft.sock");
  const asked: FakeAgent["asked"] = [];
  const logsAsked: FakeAgent["logsAsked"] = [];
  const operations: Operations = {
    do: async (name, input, gone) => {
      asked.push({ name, input });
      const reply = replies[name] as ((input: unknown, gone: AbortSignal) => unknown) | undefined;
      if (reply === undefined) throw new OperationError(`${name} was not expected`);
      return await reply(input, gone);
    },
    logs: (reference, options) => {
      logsAsked.push({ reference, follow: options.follow, tail: options.tail });
      return logs(options);
    },
  };
  const server = await serveApi(socket, sampleView(), operations);
  const host = `unix://${socket}`;
  return {
    asked,
    logsAsked,
    host,
    socket,
    weft: (args, part = {}) => weftWith(args, { env: { WEFT_HOST: host }, ...part }),
    close: async () => {
      await server.close();
      rmSync(directory, { recursive: true });
    },
  };
}
