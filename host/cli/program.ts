// The command line of weft, as commander has it. Everything outside comes in through Surroundings, so a test can run it in one
// process. Exit codes: 0 done, 1 failed, 2 called or configured wrongly, 130 interrupted; `run` and `exec` have their command's. An error is one
// line on stderr.

import { Command, CommanderError, Option } from "commander";
import { DEFAULT_HOST } from "../api/client.ts";
import { InterruptedError, messageOf, OperationError, UsageError } from "../model/errors.ts";
import { VERSION } from "../model/version.ts";
import { addBackup } from "./backup.ts";
import { addBench } from "./bench.ts";
import { addContainers } from "./containers.ts";
import { type Context, makeContext } from "./context.ts";
import { describeCommands } from "./describe.ts";
import { addGroup, examples, oneLine } from "./group.ts";
import { addMember } from "./member.ts";
import { addNetwork } from "./network.ts";
import { addNode } from "./node.ts";
import { addRun } from "./run.ts";
import { type Format, type Subject, show } from "./show.ts";
import type { Surroundings } from "./surroundings.ts";
import { addToken } from "./token.ts";

export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** Commands that are followed by another's words behind `--`. */
const TAKES_COMMAND: ReadonlySet<string> = new Set(["run", "exec"]);

/** Runs one command line, without the program's name. Resolves to the exit code; never rejects. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  // `-v` is other things behind a command.
  if (args[0] === "-v") return run(["--version", ...args.slice(1)], around);
  // commander would read options among the words behind `--` where a subcommand stands before it.
  const cut = args.indexOf("--");
  const context = makeContext(around, cut < 0 ? null : args.slice(cut + 1));
  const program = build(context);
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(cut < 0 ? args : args.slice(0, cut), { from: "user" });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 || error.code === "commander.help" ? EXIT_DONE : EXIT_USAGE;
    context.complain(lineOf(error));
    return isOurs(error) ? error.exitCode : EXIT_FAILED;
  }
}

/** What a shell makes of "$NAME" when there is no NAME. Throws UsageError. */
function refuseEmpty({ args, registeredArguments }: Command): void {
  const at = args.indexOf("");
  if (at < 0) return;
  const argument = registeredArguments[Math.min(at, registeredArguments.length - 1)];
  throw new UsageError(`argument '${argument?.name() ?? at + 1}' is empty`);
}

/** The text of docs/cli.md. */
export function describeProgram(around: Surroundings): string {
  return describeCommands((print, width) => {
    const write = { write: print };
    return build(makeContext({ ...around, stdout: write, stderr: write }, null), width);
  });
}

function build(context: Context, width?: number): Command {
  const { around } = context;
  const program = new Command("weft")
    .description("A VXLAN overlay network for containers.")
    .version(`weft ${VERSION}`, "--version", "print the version (also -v, alone)")
    .helpOption("-h, --help", "print help")
    .option("-H, --host <address>", `agent to ask, as unix://PATH (or WEFT_HOST; default: ${DEFAULT_HOST})`)
    .configureHelp({ showGlobalOptions: true, ...(width === undefined ? {} : { helpWidth: width }) })
    .configureOutput({
      writeOut: (text) => around.stdout.write(text),
      writeErr: (text) => around.stderr.write(text),
      outputError: (text) => context.complain(oneLine(text)),
    })
    .exitOverride()
    .hook("preAction", (_, command) => {
      if (context.rest !== null && !TAKES_COMMAND.has(command.name()))
        throw new UsageError(
          `weft ${command.name()}: -- and a command are for ${[...TAKES_COMMAND].map((name) => `weft ${name}`).join(" and ")}`,
        );
      refuseEmpty(command);
    });
  program.addHelpText(
    "after",
    examples("weft up", "weft network create blue", "weft run -d --network blue --name shop -- sleep 600", "weft agent --config weft.yaml"),
  );
  addMember(program, context);
  addAgent(program, context);
  addToken(program, context);
  addNode(program, context);
  addNetwork(program, context);
  addRun(program, context);
  addContainers(program, context);
  addShow(program, context, "fdb", "Forwarding entries: which MAC address is behind which port or VTEP.");
  addShow(program, context, "neighbor", "Addresses whose ARP requests and neighbour solicitations are answered on this host.").alias(
    "neigh",
  );
  addShow(program, context, "vtep", "Remote VTEPs, with the largest inner packet that fits the path to each.");
  addBackup(program, context);
  addBench(program, around, context.bold);
  addHelp(program);
  return program;
}

/** commander's own prints the help of `weft` for a command that is not there. */
function addHelp(program: Command): void {
  program
    .helpCommand(false)
    .command("help")
    .description("Print help for a command.")
    .argument("[command...]", "its words")
    .addHelpText("after", examples("weft help run", "weft help network create"))
    .action((words: string[]) => {
      const found = words.reduce<Command>((command, word) => {
        const inner = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
        if (inner === undefined) throw new UsageError(`weft help: there is no command ${["weft", ...words].join(" ")}`);
        return inner;
      }, program);
      found.outputHelp();
    });
}

function addAgent(program: Command, { around }: Context): void {
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
function addShow(program: Command, context: Context, subject: Subject, description: string): Command {
  const group = addGroup(program, subject, description);
  group
    .command("show")
    .description(`${description} Columns: docs/first-steps.md.`)
    .option("-n, --network <network>", "only this network's: its name, id or the beginning of its id")
    .addOption(new Option("--format <format>", "table for people, json for programs").choices(["table", "json"]).default("table"))
    .addHelpText("after", examples(`weft ${subject} show`, `weft ${subject} show --network blue --format json`))
    .action(async ({ network, format }: { network?: string; format: Format }, command: Command) => {
      context.print(await show(subject, context.client(command), { network, format, bold: context.bold }));
    });
  // Only now: `show` would inherit it.
  return group.allowExcessArguments();
}

/** Our own errors say it all; anything else is a bug, and its stack is what helps. */
function lineOf(error: unknown): string {
  if (isOurs(error)) return messageOf(error);
  return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function isOurs(error: unknown): error is UsageError | OperationError | InterruptedError {
  return error instanceof UsageError || error instanceof OperationError || error instanceof InterruptedError;
}
