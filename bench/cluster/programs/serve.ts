// The other end of bench/cluster/program.ts: answers one question after the other, until nobody asks any more.

import { createInterface } from "node:readline";
import { messageOf } from "../../../host/model/errors.ts";

// biome-ignore lint/suspicious/noExplicitAny: each handler knows what it is asked
export type Handlers = Record<string, (input: any) => Promise<unknown>>;

export function serve(handlers: Handlers): void {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    const { id, what, input } = JSON.parse(line);
    const told = await handlers[what](input).then(
      (answer) => ({ id, answer: answer ?? null }),
      (error: unknown) => ({ id, error: messageOf(error) }),
    );
    process.stdout.write(`${JSON.stringify(told)}\n`);
  });
  lines.on("close", () => process.exit(0));
}
