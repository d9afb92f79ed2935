// Preloaded into an agent (node --import): times every call of its data path threads into the kernel and into the packet core, by standing between
// them and what they import. Each thread writes what it has when it is told to end, as JSON, into the folder that STAGES_FOLDER names.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMainThread, threadId } from "node:worker_threads";
import koffi from "koffi";

/** The last so many calls of each stage are kept: those of the measured pings, not of the first, cold ones. */
const SAMPLES = 8192;

interface Stage {
  calls: number;
  /** Nanoseconds. */
  samples: Float64Array;
}

const stages = new Map<string, Stage>();

function record(name: string, milliseconds: number): void {
  let stage = stages.get(name);
  if (!stage) {
    stage = { calls: 0, samples: new Float64Array(SAMPLES) };
    stages.set(name, stage);
  }
  stage.samples[stage.calls % SAMPLES] = milliseconds * 1e6;
  stage.calls++;
}

type Any = (...args: never[]) => unknown;

/** A call that found nothing is another stage than one that found something. */
function timed<F extends Any>(name: string, work: F): F {
  const empty = `${name} (nothing there)`;
  return ((...args: never[]) => {
    const began = performance.now();
    const result = work(...args);
    record(result === -1 ? empty : name, performance.now() - began);
    if (name === LAST && result === 1) write();
    return result;
  }) as F;
}

/** rest() says 1 when the worker is to end. */
const LAST = "core: rest";

function write(): void {
  const kept = [...stages].map(([name, { calls, samples }]) => ({
    name,
    calls,
    samples: [...samples.subarray(0, Math.min(calls, SAMPLES))],
  }));
  writeFileSync(join(process.env.STAGES_FOLDER as string, `${process.pid}-${threadId}.json`), JSON.stringify(kept));
}

const KERNEL = new Set(["read", "write", "writev", "recvmmsg", "sendmmsg", "epoll_wait"]);
const CORE = new Set(["wake", "rest", "egress", "ingress", "complete"]);

function watch(): void {
  const load = koffi.load;
  koffi.load = (...args: Parameters<typeof load>) => {
    const library = load(...args);
    const declare = library.func.bind(library) as unknown as (...args: unknown[]) => Any & { async: Any };
    const func = (...words: unknown[]) => {
      const work = declare(...words);
      const name = String(words[0]);
      return KERNEL.has(name) ? Object.assign(timed(name, work), { async: work.async }) : work;
    };
    return Object.create(library, { func: { value: func } }) as typeof library;
  };
  WebAssembly.Instance = class extends WebAssembly.Instance {
    override get exports(): WebAssembly.Exports {
      const watched = Object.entries(super.exports).map(([name, value]) => [
        name,
        CORE.has(name) ? timed(`core: ${name}`, value as Any) : value,
      ]);
      return Object.fromEntries(watched) as WebAssembly.Exports;
    }
  };
  // What the clock itself costs, by the same means.
  const nothing = timed("clock", () => 0);
  for (let i = 0; i < SAMPLES; i++) nothing();
}

if (!isMainThread) watch();
