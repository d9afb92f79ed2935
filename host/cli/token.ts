// `weft token`: what lets a host join, printed as `docker swarm join-token` does.

import { Argument, type Command } from "commander";
import type { Context } from "./context.ts";
import { examples } from "./group.ts";

export function addToken(program: Command, context: Context): void {
  program
    .command("token")
    .description("Print the command that makes another host a worker or a manager of this cluster.")
    .addArgument(new Argument("<role>", "of the host that joins").choices(["worker", "manager"]))
    .option("--rotate", "make a new token: the one before is good no more; nodes that have joined stay")
    .option("-q, --quiet", "the token only")
    .addHelpText("after", examples("weft token worker", "weft token manager -q", "weft token worker --rotate"))
    .action(async (role: "worker" | "manager", { rotate, quiet }: { rotate?: boolean; quiet?: boolean }, command: Command) => {
      const client = context.client(command);
      const { token } = await client.do("token.show", { role, rotate: rotate ?? false });
      if (quiet) return context.print(`${token}\n`);
      const { managers } = await client.do("cluster.info", {});
      if (rotate) context.print(`Successfully rotated ${role} join token.\n\n`);
      context.print(`To add a ${role} to this cluster, run the following command:\n\n`);
      context.print(`    weft join --token ${token} ${managers.join(" ")}\n\n`);
    });
}
