// `weft bench serve`: an iperf3 server that serves one test and is started again for the next. One that served many would, after a client that
// vanished, go on waiting for it. It dies with weft, however weft dies (PR_SET_PDEATHSIG). Main thread.

import { machineLine, type ServeRequest } from "../model/bench.ts";
import { messageOf, OperationError } from "../model/errors.ts";
import { errorOf, type IperfReport, readReport } from "./iperf-report.ts";
import { listens } from "./listening.ts";
import { describeMachine } from "./machine.ts";
import { netnsOf } from "./path.ts";
import { inNetns, refuseNetns, requireTools, startTool } from "./tool.ts";

/** Serves until `stop`. `ready` is told once. Rejects with OperationError when the port cannot be had, now or later. */
export async function serve(
  request: ServeRequest,
  ready: (line: string) => void,
  tell: (text: string) => void,
  stop: AbortSignal,
): Promise<void> {
  requireTools("iperf3", "setpriv", ...(request.netns === null ? [] : ["nsenter"]));
  const netns = netnsOf(request.netns);
  const machine = machineLine(await describeMachine(stop));
  const where = `${request.bind ?? "any address"} port ${request.port}${request.netns === null ? "" : `, network namespace ${request.netns}`}`;
  let tellReady = () => {
    ready(`weft bench ready: ${where}\n`);
    tell(`${machine}\n`);
  };
  while (!stop.aborted) {
    const line = await serveOne({ ...request, netns }, where, () => tellReady(), stop);
    tellReady = () => {};
    if (!stop.aborted) tell(`${line}\n`);
  }
}

/** One server from its start to its end; gives what came of its test. Rejects with OperationError when it never listened. */
async function serveOne({ netns, bind, port }: ServeRequest, where: string, ready: () => void, stop: AbortSignal): Promise<string> {
  const argv = ["iperf3", "-s", "-1", "-J", "-p", `${port}`, ...(bind === null ? [] : ["-B", bind])];
  const { child, ended } = startTool("setpriv", ["--pdeathsig", "KILL", "--", ...inNetns(netns, argv)], stop);
  // It may end while it is not yet waited for.
  ended.catch(() => {});
  const listened = await listens(child, port);
  if (listened) ready();
  const result = await ended;
  if (stop.aborted) return "";
  refuseNetns(netns, result);
  const text = result.stdout || result.stderr;
  if (!listened) throw new OperationError(explainStart(text, where));
  return testLine(text);
}

/** Why a server did not come to listen. */
export function explainStart(text: string, where: string): string {
  let error: string;
  try {
    error = errorOf(readReport(text)) ?? "iperf3 ended by itself";
  } catch (unreadable) {
    error = messageOf(unreadable);
  }
  const reason = /unable to start listener for connections: (.*)/.exec(error)?.[1] ?? error;
  const hint = reason.includes("in use") ? ": does another server run there? --port takes another" : "";
  return `${where}: ${reason}${hint}`;
}

/** What a test was, and what came of it. */
export function testLine(text: string): string {
  let client = "a client";
  try {
    const report = readReport(text);
    client = report.start?.accepted_connection?.host ?? client;
    return `${client}: ${errorOf(report) ?? outcome(report)}`;
  } catch (error) {
    return `${client}: ${messageOf(error)}`;
  }
}

/** In the server's words: what it received, or in a reversed test sent. */
function outcome({ start, end }: IperfReport): string {
  const { protocol, blksize = 0, num_streams: streams = 1, bytes: greeting = 0 } = start?.test_start ?? {};
  if (greeting > 0) return "looks whether a server is here";
  const sum = end?.sum_received?.bytes ? end.sum_received : end?.sum_sent;
  const bytesPerSecond = sum && sum.seconds > 0 ? sum.bytes / sum.seconds : 0;
  if (protocol === "UDP") return `UDP ${blksize} B: ${(bytesPerSecond / blksize / 1e3).toFixed(0)} k/s`;
  return `TCP × ${streams}: ${((bytesPerSecond * 8) / 1e9).toFixed(2)} Gb/s`;
}
