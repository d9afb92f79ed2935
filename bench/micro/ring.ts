// assembly/ring/event.ts: events told by the worker and taken by the host (host/core/events.ts), 64 at a time. The twin is an array and a Set.

import { EventRing } from "../../host/core/events.ts";
import { Probe } from "../../test/oracle/probe.ts";
import type { Case } from "./case.ts";

const EVENTS = 64;

export function cases(): Case[] {
  const probe = new Probe();
  const ring = new EventRing(probe.memory, 0);
  let mac = 1n;
  let number = 1;
  const queue: { kind: number; network: number; mac: number; index: number }[] = [];
  const told = new Set<string>();
  return [
    {
      name: "event ring",
      size: `${EVENTS} told and taken`,
      frames: EVENTS,
      bytes: 0,
      core: () => {
        for (let i = 0; i < EVENTS; i++) probe.call.tellLearnedPort(1, mac++, 1);
        let taken = 0;
        for (const event of ring.take()) taken += event.index;
        return taken;
      },
      twin: () => {
        for (let i = 0; i < EVENTS; i++) {
          const key = `1 ${number} 1`;
          if (told.has(key)) continue;
          told.add(key);
          queue.push({ kind: 1, network: 1, mac: number++, index: 1 });
        }
        let taken = 0;
        for (const event of queue.splice(0)) taken += event.index;
        told.clear();
        return taken;
      },
    },
    {
      name: "event ring",
      size: `${EVENTS} repeats`,
      frames: EVENTS,
      bytes: 0,
      core: () => {
        for (let i = 0; i < EVENTS; i++) probe.call.tellLearnedPort(1, 7n, 1);
      },
      twin: () => {
        told.add("1 7 1");
        let repeats = 0;
        for (let i = 0; i < EVENTS; i++) if (told.has(`1 ${7} 1`)) repeats++;
        return repeats;
      },
    },
  ];
}
