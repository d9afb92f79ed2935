// iperf3 between two containers, as numbers. The server serves one client and ends.

import { run } from "../command.ts";
import type { Lab } from "../lab.ts";

export interface IperfOptions {
  from: string;
  to: string;
  address: string;
  seconds: number;
  streams?: number;
  /** Send UDP datagrams of so many bytes as fast as possible, instead of TCP. */
  udpBytes?: number;
  /** UDP: datagrams a second to offer, evenly; without it as many as the sender can make. */
  offeredPerSecond?: number;
}

export interface IperfResult {
  /** Bits a second, and bytes, that arrived at the receiver. */
  bitsPerSecond: number;
  bytes: number;
  /** UDP only: datagrams a second that arrived. */
  packetsPerSecond: number;
  retransmits: number;
}

interface Sum {
  bytes?: number;
  bits_per_second?: number;
  packets?: number;
  lost_packets?: number;
  seconds?: number;
  retransmits?: number;
}

/** Runs one test from namespace `from` to namespace `to`, whose `address` it is. */
export async function iperf(lab: Lab, options: IperfOptions): Promise<IperfResult> {
  const server = lab.spawn(["iperf3", "-s", "-1", "-B", options.address, "--forceflush"], { netns: options.to, name: "iperf3 -s" });
  await server.waitFor(/Server listening/);
  const argv = ["iperf3", "-c", options.address, "-t", `${options.seconds}`, "-J", "--connect-timeout", "5000"];
  if (options.udpBytes !== undefined) argv.push("-u", "-l", `${options.udpBytes}`, ...pace(options));
  else argv.push("-P", `${options.streams ?? 1}`);
  try {
    const text = await run(argv, { netns: options.from, timeoutMs: (options.seconds + 30) * 1000 });
    return result(JSON.parse(text) as { end: Record<string, Sum> }, options.udpBytes);
  } finally {
    await server.kill();
  }
}

/** A timer of 50 µs, since bursts of iperf3's default millisecond overflow the receiving socket by themselves. */
function pace({ udpBytes = 0, offeredPerSecond }: IperfOptions): string[] {
  if (offeredPerSecond === undefined) return ["-b", "0"];
  return ["-b", `${offeredPerSecond * udpBytes * 8}`, "--pacing-timer", "50"];
}

function result({ end }: { end: Record<string, Sum> }, udpBytes: number | undefined): IperfResult {
  const [sent, received] = [end.sum_sent ?? {}, end.sum_received ?? {}];
  const { bytes = 0, seconds = 1 } = received;
  return {
    bitsPerSecond: received.bits_per_second ?? 0,
    bytes,
    // By what was read. iperf3's own loss is that before the last datagram it saw; what was still on its way when it ended is in neither number.
    packetsPerSecond: udpBytes === undefined ? 0 : bytes / udpBytes / seconds,
    retransmits: sent.retransmits ?? 0,
  };
}
