// One iperf3 test from this end, as numbers. The server at the other end (`weft bench serve`) serves one test and is started again for the
// next, so that a refusal may only be that moment: it is tried again for a while before it is told. Main thread.

import { setTimeout as delay } from "node:timers/promises";
import { OperationError } from "../model/errors.ts";
import { errorOf, type IperfReport, peerOf, readReport, type TcpResult, tcpResult, type UdpResult, udpResult } from "./iperf-report.ts";
import { LateError, runTool } from "./tool.ts";

/** How long a server that is being started again, or that still ends somebody else's test, is waited for. */
const RETRY_MS = 3000;
const RETRY_PAUSE_MS = 50;
const CONNECT_MS_MAX = 3000;
/** Beyond the test itself: connecting, the last segments, exchanging the results. */
const MARGIN_MS = 15_000;
/** Datagrams are paced so finely because bursts of iperf3's default millisecond overflow the receiving socket by themselves. */
const PACING_US = "50";

export interface IperfTarget {
  /** An IP address. */
  address: string;
  port: number;
  /** Path of the namespace to send from; null = weft's own. */
  netns: string | null;
  reverse: boolean;
}

/** Sends a few bytes: is a server there, and what does it tell of itself? Rejects with OperationError that says what to do. */
export async function greet(target: IperfTarget, stop: AbortSignal): Promise<{ system: string; iperf3: string } | null> {
  return peerOf(await test(target, ["-n", "128K", "--get-server-output"], MARGIN_MS, stop));
}

export async function tcp(target: IperfTarget, streams: number, seconds: number, stop: AbortSignal): Promise<TcpResult> {
  return tcpResult(await test(target, ["-t", `${seconds}`, "-P", `${streams}`], seconds * 1000 + MARGIN_MS, stop));
}

export interface UdpLoad {
  bytes: number;
  seconds: number;
  /** Datagrams a second; null = as many as the sender can make. */
  perSecond: number | null;
}

export async function udp(target: IperfTarget, load: UdpLoad, stop: AbortSignal): Promise<UdpResult> {
  const { bytes, seconds, perSecond } = load;
  const bitsPerSecond = perSecond === null ? 0 : Math.max(1, Math.round(perSecond * bytes * 8));
  const words = ["-u", "-l", `${bytes}`, "-t", `${seconds}`, "-b", `${bitsPerSecond}`, "--pacing-timer", PACING_US];
  return udpResult(await test(target, words, seconds * 1000 + MARGIN_MS, stop), bytes);
}

async function test(target: IperfTarget, words: readonly string[], timeoutMs: number, stop: AbortSignal): Promise<IperfReport> {
  const { address, port, netns, reverse } = target;
  const common = ["-c", address, "-p", `${port}`, "-J", "-i", "0", "--connect-timeout", `${CONNECT_MS_MAX}`];
  const argv = ["iperf3", ...common, ...words, ...(reverse ? ["-R"] : [])];
  const end = performance.now() + RETRY_MS;
  for (;;) {
    const { stdout, stderr } = await runTool(argv, { netns, stop, timeoutMs }).catch((cause) => {
      if (!(cause instanceof LateError)) throw cause;
      const protocol = words.includes("-u") ? "UDP" : "TCP";
      throw new OperationError(`${address} port ${port}: no end after ${timeoutMs / 1000} s: does ${protocol} get through there?`, {
        cause,
      });
    });
    const report = readReport(stdout || stderr);
    const error = errorOf(report);
    if (error === null) return report;
    if (!/refused|busy/.test(error) || performance.now() >= end) throw new OperationError(explain(error, target));
    await delay(RETRY_PAUSE_MS, undefined, { signal: stop });
  }
}

/** iperf3's error as a line that says what to do. */
export function explain(error: string, { address, port }: Pick<IperfTarget, "address" | "port">): string {
  const place = `${address} port ${port}`;
  if (/refused/.test(error))
    return `${place}: no server there: run 'weft bench serve' on that host (with --netns NAME where the address is a container's)`;
  if (/busy/.test(error)) return `${place}: the server is busy with somebody else's test: wait, or use another server with --port`;
  if (/unable to connect/.test(error) && /timed out|progress/.test(error))
    return `${place}: no answer: is that host up, and may TCP and UDP go to port ${port} there?`;
  const reason = /unable to connect to server: (.*)/.exec(error)?.[1];
  return reason === undefined ? `${place}: iperf3 says: ${error}` : `${place}: ${reason}`;
}
