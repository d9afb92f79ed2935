// Captures an interface with tcpdump and reads the capture with tshark: the decoder that had no part in making the packets.

import { join } from "node:path";
import { run } from "./command.ts";
import type { Lab } from "./lab.ts";
import { PORTS } from "./traffic/ports.ts";

/** Makes Wireshark verify what it otherwise takes on trust. */
const CHECKSUMS = ["ip", "tcp", "udp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
/** Payloads on the lab's ports are random bytes: a dissector that guesses at them has nothing to say here. */
const PAYLOADS = PORTS.flatMap((port) => ["-d", `tcp.port==${port},data`, "-d", `udp.port==${port},data`]);
/** A receiver that hears a segment twice says so (D-SACK): a busy machine answered late, and nothing is wrong with the packet. */
const LATE = ["-o", 'uat:expert_severity:"tcp.options.sack.dsack","Note"'];
/** Packets of two CPUs reach a capture in an order of their own, so judgements on a stream's order are left out; transfers compare hashes. */
const READ = [...CHECKSUMS, ...PAYLOADS, ...LATE, "-o", "tcp.analyze_sequence_numbers:FALSE"];
/** PI_WARN (epan/proto.h); notes and chats lie below it. */
const SEVERITY_WARNING = 0x600000;
/** More than a superframe, and with libpcap's header just below a power of two: each packet takes such a block of the buffer, however short it is. */
const SNAP_BYTES = 131_000;
const BUFFER_KIB = 131_072;
let count = 0;

export interface Capture {
  /** Ends it; gives the file. */
  stop(): Promise<string>;
}

/** Starts capturing in a namespace; returns once packets are being captured. `filter`: pcap-filter(7). */
export async function capture(lab: Lab, netns: string, device: string, filter: string): Promise<Capture> {
  const file = join(lab.directory, `capture-${count++}.pcap`);
  const argv = [
    "tcpdump",
    "-n",
    "-U",
    "-Z",
    "root",
    "-s",
    `${SNAP_BYTES}`,
    "-B",
    `${BUFFER_KIB}`,
    "--immediate-mode",
    "-i",
    device,
    "-w",
    file,
    filter,
  ];
  const daemon = lab.spawn(argv, { netns, name: "tcpdump" });
  await daemon.waitFor(/listening on/, "stderr");
  return {
    stop: async () => {
      await daemon.stop("SIGINT");
      const dropped = /(\d+) packets dropped by kernel/.exec(daemon.stderr);
      if (dropped && dropped[1] !== "0") throw new Error(`tcpdump lost ${dropped[1]} packets: the capture says nothing about them`);
      return file;
    },
  };
}

/** One row a packet: the asked fields, in tshark's names (`ip.dsfield`, `vxlan.vni`), every occurrence (outer first, then inner). */
export async function fields(file: string, names: readonly string[], filter = ""): Promise<Record<string, string[]>[]> {
  const words = ["-r", file, ...READ, "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=,"];
  const text = await run(["tshark", ...words, ...(filter ? ["-Y", filter] : []), ...names.flatMap((name) => ["-e", name])]);
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const values = line.split("\t");
    return Object.fromEntries(names.map((name, index) => [name, values[index] ? values[index].split(",") : []]));
  });
}

/**
 * What Wireshark's experts complain about (warnings and errors; a TCP retransmission is a note), one line each with its count, and packets
 * that it could not decode. Empty = no complaint.
 */
export async function complaints(file: string): Promise<string[]> {
  const filter = `_ws.expert.severity >= ${SEVERITY_WARNING} || _ws.malformed`;
  const rows = await fields(file, ["frame.number", "_ws.expert.message", "_ws.expert.severity"], filter);
  const counts = new Map<string, number>();
  for (const row of rows) {
    const text = row["_ws.expert.message"].join(", ") || "malformed";
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, times]) => `${times} × ${text}`);
}
