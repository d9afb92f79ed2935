// `weft backup` and `weft restore`: the cluster's state and its CA in one file.

import { type Command, Option } from "commander";
import { DEFAULT_STATE_DIR } from "../model/cluster/start.ts";
import type { Context } from "./context.ts";
import { examples } from "./group.ts";
import { asFlag, path } from "./values.ts";

export function addBackup(program: Command, context: Context): void {
  program
    .command("backup")
    .description("Write the cluster's state and its CA to a file, on this manager. It holds the CA's key: keep it as you keep that.")
    .argument("<file>", "where to", asFlag(path))
    .addHelpText("after", examples("weft backup weft-cluster.backup"))
    .action(async (file: string, _options: object, command: Command) => {
      const { bytes } = await context.client(command).do("cluster.backup", { file });
      context.print(`${file}: ${bytes} bytes\n`);
    });
  program
    .command("restore")
    .description(
      "Make this host the manager of a cluster that was backed up, under a new cluster id. No agent may run on it; 'weft up' comes after.",
    )
    .argument("<file>", "what weft backup wrote", asFlag(path))
    .addOption(new Option("--state-dir <dir>", "where this node's own state is kept").default(DEFAULT_STATE_DIR).argParser(asFlag(path)))
    .addHelpText("after", examples("weft restore weft-cluster.backup && weft up"))
    .action((file: string, { stateDir }: { stateDir: string }) => context.around.runRestore({ file, stateDir }));
}
