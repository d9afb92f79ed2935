// What iperf3 prints with -J, as far as it is used: checked at the door, since versions differ and a test that went wrong leaves parts out. Pure.

import { z } from "zod";
import { messageOf, OperationError } from "../model/errors.ts";

const sum = z.object({ bytes: z.number(), seconds: z.number(), retransmits: z.number().optional(), packets: z.number().optional() });

const report = z.object({
  error: z.string().optional(),
  start: z
    .object({
      version: z.string(),
      system_info: z.string(),
      accepted_connection: z.object({ host: z.string() }),
      test_start: z.object({ protocol: z.string(), num_streams: z.number(), blksize: z.number(), bytes: z.number() }).partial(),
    })
    .partial()
    .optional(),
  end: z
    .object({
      sum: z.object({ lost_packets: z.number(), packets: z.number(), seconds: z.number() }),
      sum_sent: sum,
      sum_received: sum,
    })
    .partial()
    .optional(),
  server_output_json: z
    .object({ start: z.object({ version: z.string(), system_info: z.string() }).partial() })
    .partial()
    .optional(),
});

export type IperfReport = z.infer<typeof report>;

/** Reads what iperf3 printed. Throws OperationError when it is nothing that this understands. */
export function readReport(text: string): IperfReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // Two documents, for instance, after a client that was none.
    const said = /"error":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text.trim().split("\n").at(-1)?.slice(0, 200);
    throw new OperationError(said ? `iperf3 says: ${said}` : "iperf3 ended without a word", { cause });
  }
  const { data, error } = report.safeParse(value);
  if (data) return data;
  const [issue] = error.issues;
  throw new OperationError(`iperf3 prints what this weft does not understand: ${issue.path.join(".")}: ${messageOf(issue.message)}`);
}

/** What went wrong in iperf3's words; null for a test that went well. Servers put "error - " in front. */
export function errorOf({ error }: IperfReport): string | null {
  return error?.replace(/^error - /, "").trim() ?? null;
}

export interface TcpResult {
  bitsPerSecond: number;
  bytes: number;
  retransmits: number;
}

/** What arrived of a TCP test. Throws OperationError when the report does not say. */
export function tcpResult({ end }: IperfReport): TcpResult {
  const received = end?.sum_received;
  if (!received || !(received.seconds > 0)) throw new OperationError("iperf3 does not say how much arrived");
  return { bitsPerSecond: (received.bytes * 8) / received.seconds, bytes: received.bytes, retransmits: end.sum_sent?.retransmits ?? 0 };
}

export interface UdpResult {
  sentPerSecond: number;
  deliveredPerSecond: number;
  /** 0…1 */
  loss: number;
}

/**
 * What was sent and what arrived of a UDP test. Counted by the bytes that arrived where iperf3 tells them (3.10 and later): its own count of lost
 * datagrams knows only those that a later one followed. Throws OperationError when the report does not say.
 */
export function udpResult({ end }: IperfReport, udpBytes: number): UdpResult {
  const { sum, sum_sent, sum_received } = end ?? {};
  const sent = sum_sent?.packets ?? sum?.packets;
  const arrived = sum_received ? sum_received.bytes / udpBytes : sum && sum.packets - sum.lost_packets;
  const seconds = sum_sent?.seconds ?? sum?.seconds;
  if (sent === undefined || arrived === undefined || !seconds || sent === 0)
    throw new OperationError("iperf3 does not say how many datagrams arrived");
  return {
    sentPerSecond: sent / seconds,
    deliveredPerSecond: arrived / (sum_received?.seconds || seconds),
    loss: Math.max(0, 1 - arrived / sent),
  };
}

/** Kernel and iperf3 of the other end; null when its server does not tell. */
export function peerOf({ server_output_json: server }: IperfReport): { system: string; iperf3: string } | null {
  const { system_info: system, version } = server?.start ?? {};
  return system === undefined && version === undefined ? null : { system: shortSystem(system ?? ""), iperf3: versionOf(version ?? "") };
}

/** "iperf 3.12 (cJSON 1.7.15)" → "3.12". */
export function versionOf(text: string): string {
  return /\biperf (\S+)/.exec(text)?.[1] ?? "unknown";
}

/** uname's "Linux NAME RELEASE #1 SMP … MACHINE" → "Linux RELEASE". */
function shortSystem(text: string): string {
  const [system, , release] = text.split(" ");
  return release === undefined ? "unknown" : `${system} ${release}`;
}
