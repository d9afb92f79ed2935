// Puts packets made by hand where weft meets the world: datagrams on the underlay, frames on a container's eth0.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../command.ts";
import type { Lab } from "../lab.ts";
import { addressOf, type Container, type Family, type Host } from "../topology.ts";
import { programPath } from "./transfer.ts";

const DATA_PORT = 4789;
let count = 0;

export interface InjectOptions {
  family?: Family;
  /** Send from this address of the host. */
  local?: string;
  /** Outer TOS byte. */
  tos?: number;
}

/** Sends each payload as a datagram from one host to another's VXLAN port. */
export async function injectDatagrams(from: Host, to: Host, payloads: readonly Uint8Array[], options: InjectOptions = {}): Promise<void> {
  const address = addressOf(to, options.family ?? 4);
  if (options.tos === undefined) {
    const input = payloads.map((payload) => `${Buffer.from(payload).toString("hex")}\n`).join("");
    const local = options.local === undefined ? [] : [options.local];
    await run([process.execPath, programPath("inject"), address, `${DATA_PORT}`, ...local], { netns: from.netns, input });
    return;
  }
  // Node's dgram cannot set the TOS byte; socat can. Each run of it reads one file and so sends one datagram.
  for (const payload of payloads) {
    const file = dump(from.lab, payload);
    await run(["socat", "-u", "-b", "65536", `FILE:${file}`, `UDP4-SENDTO:${address}:${DATA_PORT},tos=${options.tos}`], {
      netns: from.netns,
    });
  }
}

/** Sends each frame from a container, past its IP stack (AF_PACKET). */
export async function injectFrames(from: Container, frames: readonly Uint8Array[]): Promise<void> {
  for (const frame of frames) {
    await run(["socat", "-u", "-b", "65536", `FILE:${dump(from.lab, frame)}`, "INTERFACE:eth0"], { netns: from.netns });
  }
}

function dump(lab: Lab, bytes: Uint8Array): string {
  const file = join(lab.directory, `packet-${count++}`);
  writeFileSync(file, bytes);
  return file;
}
