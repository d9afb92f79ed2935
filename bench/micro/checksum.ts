// assembly/wire/checksum.ts: sum() over a contiguous packet, and copySum(), which a split uses.

import { sum16 } from "../../test/oracle/checksum.ts";
import { Probe } from "../../test/oracle/probe.ts";
import { Random } from "../../test/oracle/random.ts";
import { type Case, SIZES } from "./case.ts";

export function cases(): Case[] {
  const probe = new Probe();
  const data = new Random(1).bytes(9000);
  const at = probe.put(data);
  const to = at + 65_536;
  const copy = new Uint8Array(9000);
  return SIZES.flatMap((size): Case[] => [
    {
      name: "checksum",
      size: `${size} B`,
      frames: 1,
      bytes: size,
      core: () => probe.call.sum(at, size),
      twin: () => sum16(data.subarray(0, size)),
    },
    {
      name: "copy + checksum",
      size: `${size} B`,
      frames: 1,
      bytes: size,
      core: () => probe.call.copySum(to, at, size),
      twin: () => {
        copy.set(data.subarray(0, size));
        return sum16(copy.subarray(0, size));
      },
    },
  ]);
}
