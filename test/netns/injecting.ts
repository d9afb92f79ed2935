// Whether this kernel injects at all (UDP tunnel GSO on TAPs: Linux 6.17), and how an agent says that it does.

import { describe, test } from "vitest";
import { closeFd } from "../../host/sys/fd.ts";
import { openTunnelTap } from "../../host/sys/tunnel-tap.ts";
import { run } from "../../lab/command.ts";
import { eventually } from "../../lab/wait.ts";

/** What is left of `lab/agent.ts` and `inside.ts` for this. */
interface Shows {
  show<Row>(what: "vtep"): Promise<Row[]>;
}

/** Why superframes cannot be injected here; null = they can. */
export function injectionObstacle(): string | null {
  try {
    closeFd(openTunnelTap().fd);
    return null;
  } catch (error) {
    return `this kernel has no UDP tunnel GSO on TAPs (Linux 6.17 has): ${(error as Error).message}`;
  }
}

type Describe = (name: string, programs: readonly string[], body: () => void) => void;

/** A group of tests that needs injection besides what `group` needs. */
export function needTunnelGso(group: Describe, name: string, programs: readonly string[], body: () => void): void {
  group(name, programs, () => {
    const why = injectionObstacle();
    if (why === null) describe("with tunnel GSO", body);
    else test(name, (context) => context.skip(why));
  });
}

/** Waits until an agent sends superframes to its first VTEP this way. */
export function superframesGo(agent: Shows, way: "injected" | "sockets", timeoutMs = 20_000): Promise<true> {
  return eventually(
    `superframes to go ${way}`,
    async () => (await agent.show<{ superframes: string }>("vtep"))[0].superframes === way,
    timeoutMs,
  );
}

/** Superframes that came into the kernel by a namespace's underlay TAPs. */
export async function injectedSoFar(netns: string): Promise<number> {
  const text = await run(["cat", "/proc/net/dev"], { netns });
  return [...text.matchAll(/weftu\d+:\s*\d+\s+(\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}
