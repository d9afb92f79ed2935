// A sampling heap profile as a list: who allocated how much.

import type { SamplingNode, SamplingProfile } from "./protocol.ts";

export interface Allocator {
  /** Function, file and line, e.g. `read host/sys/tap-reader.ts:49`. Functions that the compiler has inlined count where they went. */
  place: string;
  bytes: number;
}

/** What the probe itself makes a thread do. */
const PROBE = /^node:v8$/;
/** Path from here on, in places. */
const ROOT = /^.*\/(?=(?:host|node_modules)\/)/;

/** Of several threads together; largest first. */
export function allocators(profiles: readonly SamplingProfile[]): Allocator[] {
  const bytes = new Map<string, number>();
  const walk = ({ callFrame, selfSize, children }: SamplingNode): void => {
    const { functionName, url, lineNumber } = callFrame;
    const where = url === "" ? "" : ` ${url.replace(ROOT, "")}:${lineNumber + 1}`;
    const place = `${functionName || "(anonymous)"}${where}`;
    if (selfSize > 0 && !PROBE.test(url)) bytes.set(place, (bytes.get(place) ?? 0) + selfSize);
    for (const child of children) walk(child);
  };
  for (const { head } of profiles) walk(head);
  return [...bytes].map(([place, bytes]) => ({ place, bytes })).sort((a, b) => b.bytes - a.bytes);
}
