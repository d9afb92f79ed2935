// The command line of weft, as commander has it. Everything outside comes in through Surroundings, so a test can run it in one
// process. Exit codes: 0 done, 1 failed, 2 called or configured wrongly, 130 interrupted. An error is one line on stderr.

import { Command, CommanderError, Option } from "commander";
import picocolors from "picocolors";
import { ApiClient, DEFAULT_HOST } from "../api/client.ts";
import { InterruptedError, messageOf, OperationError, UsageError } from "../model/errors.ts";
import { VERSION } from "../model/version.ts";
import { addBench } from "./bench.ts";
import { addGroup, examples } from "./group.ts";
import { type Format, type Subject, show } from "./show.ts";
import type { Surroundings } from "./surroundings.ts";

export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** Runs one command line, without the program's name. Resolves to the exit code; never rejects. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const program = build(around);
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: "user" });
    return EXIT_DONE;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 || error.code === "commander.help" ? EXIT_DONE : EXIT_USAGE;
    around.stderr.write(`${red(around)(lineOf(error))}\n`);
    return isOurs(error) ? error.exitCode : EXIT_FAILED;
  }
}

function build(around: Surroundings): Command {
  const program = new Command("weft")
    .description("A VXLAN overlay network for containers.")
    .version(`weft ${VERSION}`, "-v, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .option("-H, --host <address>", `agent to ask, as unix://PATH (or WEFT_HOST; default: ${DEFAULT_HOST})`)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => around.stdout.write(text),
      writeErr: (text) => around.stderr.write(text),
      outputError: (text, write) => write(`${red(around)(oneLine(text))}\n`),
    })
    .exitOverride();
  program.addHelpText("after", examples("weft agent --config weft.yaml", "weft fdb show --network blue", "weft vtep show --format json"));
  addAgent(program, around);
  addShow(program, around, "fdb", "Forwarding entries: which MAC address is behind which port or VTEP.");
  addShow(program, around, "neighbor", "Addresses whose ARP requests and neighbour solicitations are answered on this host.").alias(
    "neigh",
  );
  addShow(program, around, "vtep", "Remote VTEPs, with the largest inner packet that fits the path to each.");
  addBench(program, around, (text) => colours(around, around.stdout).bold(text));
  return program;
}

function addAgent(program: Command, around: Surroundings): void {
  program
    .command("agent")
    .description("Run this host's agent from a file, in the foreground: no cluster, every network, peer and port as the file has it.")
    .option("-c, --config <file>", "static configuration (docs/config.md); required")
    .addHelpText("after", examples("weft agent --config weft.yaml"))
    .action(({ config }: { config?: string }) => {
      // Not commander's requiredOption: that would hide a mistyped one.
      if (config === undefined) throw new UsageError("weft agent needs --config FILE");
      return around.runAgent(config);
    });
}

/** `weft SUBJECT show`; returns SUBJECT's command. */
function addShow(program: Command, around: Surroundings, subject: Subject, description: string): Command {
  const group = addGroup(program, subject, description);
  group
    .command("show")
    .description(description)
    .option("-n, --network <name>", "only this network's")
    .addOption(new Option("--format <format>", "table for people, json for programs").choices(["table", "json"]).default("table"))
    .addHelpText("after", examples(`weft ${subject} show`, `weft ${subject} show --network blue --format json`))
    .action(async (_options, command: Command) => {
      const { host, network, format } = command.optsWithGlobals() as { host?: string; network?: string; format: Format };
      const client = new ApiClient(host ?? (around.env.WEFT_HOST || DEFAULT_HOST));
      around.stdout.write(await show(subject, client, { network, format, bold: colours(around, around.stdout).bold }));
    });
  // Only now: `show` would inherit it.
  return group.allowExcessArguments();
}

/** Colours only where a person looks (https://no-color.org). */
function colours(around: Surroundings, stream: { isTTY?: boolean }) {
  return picocolors.createColors(stream.isTTY === true && !around.env.NO_COLOR && around.env.TERM !== "dumb");
}

function red(around: Surroundings): (text: string) => string {
  return colours(around, around.stderr).red;
}

/** Our own errors say it all; anything else is a bug, and its stack is what helps. */
function lineOf(error: unknown): string {
  if (isOurs(error)) return messageOf(error);
  return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function isOurs(error: unknown): error is UsageError | OperationError | InterruptedError {
  return error instanceof UsageError || error instanceof OperationError || error instanceof InterruptedError;
}

/** commander's `error: …\n(Did you mean …?)` as one line. */
function oneLine(text: string): string {
  return text
    .replace(/^error: /, "")
    .trim()
    .replace(/\s*\n\s*/g, " ");
}
