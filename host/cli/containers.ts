// What is done with containers once they run: ps, inspect, logs, exec, stop, kill, wait, rm, with Docker's words and outputs. They are those of the
// host whose agent is asked.

import type { Command } from "commander";
import type { ApiClient } from "../api/client.ts";
import type { ContainerResource } from "../model/cluster/answers.ts";
import { SHORT_ID_CHARACTERS } from "../model/cluster/ids.ts";
import { OperationError, UsageError } from "../model/errors.ts";
import { type Context, forEachName, report, write } from "./context.ts";
import { ago, humanDuration } from "./duration.ts";
import { examples } from "./group.ts";
import { inspectOption, printInspected } from "./inspect.ts";
import { type Field, formatLabels, formatList, formatOption, type ListFormat } from "./list.ts";
import { hint } from "./run.ts";
import type { Template } from "./template.ts";
import { asFlag, signal, whole } from "./values.ts";

/** Docker's for `stop`. */
const STOP_SECONDS = 10;
const STOP_SECONDS_MAX = 86_400;
const TAIL_MAX = 1_000_000_000;
const COMMAND_CHARACTERS_MAX = 20;
const NAMES = "names, ids or beginnings of ids";

export function addContainers(program: Command, context: Context): void {
  addPs(program, context);
  addInspect(program, context);
  addLogs(program, context);
  addExec(program, context);
  addStop(program, context);
  addKill(program, context);
  addWait(program, context);
  addRm(program, context);
}

function fields(noTrunc: boolean, now: number): Field<ContainerResource>[] {
  return [
    { name: "ID", title: "CONTAINER ID", text: ({ Id }) => (noTrunc ? Id : Id.slice(0, SHORT_ID_CHARACTERS)) },
    { name: "Command", title: "COMMAND", text: ({ Command }) => `"${cut(Command.join(" "), noTrunc)}"` },
    { name: "RunningFor", title: "CREATED", text: ({ Created }) => ago(Created, now) },
    { name: "Status", title: "STATUS", text: (container) => statusOf(container, now) },
    { name: "Networks", title: "NETWORKS", text: ({ Networks }) => Object.keys(Networks).join(",") },
    { name: "Names", title: "NAMES", text: ({ Name }) => Name },
    { name: "CreatedAt", text: ({ Created }) => Created },
    { name: "State", text: ({ State }) => State },
    { name: "Labels", text: ({ Labels }) => formatLabels(Labels) },
  ];
}

function cut(text: string, noTrunc: boolean): string {
  const line = text.replace(/\s*\n\s*/g, " ");
  return noTrunc || line.length <= COMMAND_CHARACTERS_MAX ? line : `${line.slice(0, COMMAND_CHARACTERS_MAX - 1)}…`;
}

function statusOf({ State, StartedAt, FinishedAt, ExitCode }: ContainerResource, now: number): string {
  if (State === "running") return StartedAt === null ? "Up" : `Up ${humanDuration(now - Date.parse(StartedAt))}`;
  if (State === "creating") return "Created";
  return `Exited (${ExitCode ?? "?"})${FinishedAt === null ? "" : ` ${ago(FinishedAt, now)}`}`;
}

function addPs(program: Command, context: Context): void {
  program
    .command("ps")
    .description("List the containers of this host that run.")
    .option("-a, --all", "also those that have ended")
    .addOption(formatOption())
    .option("--no-trunc", "whole ids and commands")
    .option("-q, --quiet", "ids only")
    .addHelpText("after", examples("weft ps", "weft ps -a --format '{{.Names}}: {{.Status}}'", "weft rm -f $(weft ps -aq)"))
    .action(async (options: { all?: boolean; format: ListFormat; trunc: boolean; quiet?: boolean }, command: Command) => {
      const { all, format, trunc, quiet } = options;
      const containers = await context.client(command).do("container.ls", { all: all ?? false });
      const known = fields(!trunc, context.around.now());
      if (quiet) for (const container of containers) context.print(`${known[0].text(container)}\n`);
      else context.print(formatList(known, containers, format, context.bold));
    });
}

function addInspect(program: Command, context: Context): void {
  program
    .command("inspect")
    .description("What is known of containers of this host, as JSON.")
    .argument("<container...>", NAMES)
    .addOption(inspectOption())
    .addHelpText("after", examples("weft inspect shop", "weft inspect -f '{{.Networks.blue.MacAddress}}' shop"))
    .action(async (names: string[], { format }: { format?: Template }, command: Command) => {
      printInspected(context, await context.client(command).do("container.inspect", { names }), format);
    });
}

function addLogs(program: Command, context: Context): void {
  program
    .command("logs")
    .description("What a container has written: to stdout and stderr, as it did.")
    .argument("<container>", "name, id or beginning of an id")
    .option("-f, --follow", "and what it writes until it ends")
    .option("-n, --tail <n>", "only the last lines, or all", asFlag(tailOf), "all")
    .option("-t, --timestamps", "with the time of each line")
    .addHelpText("after", examples("weft logs shop", "weft logs -f --tail 10 shop"))
    .action(async (name: string, options: { follow?: boolean; tail: number | "all"; timestamps?: boolean }, command: Command) => {
      const { stdout, stderr } = context.around;
      const lines = context
        .client(command)
        .logs(name, { follow: options.follow ?? false, tail: options.tail === "all" ? null : options.tail });
      for await (const { stream, log, time } of lines)
        await write(stream === "stderr" ? stderr : stdout, options.timestamps ? `${time} ${log}` : log);
    });
}

/** commander makes "" of null. */
function tailOf(text: string): number | "all" {
  return text === "all" ? text : whole(0, TAIL_MAX)(text);
}

function addExec(program: Command, context: Context): void {
  const exec = program
    .command("exec")
    .description("Run another command in a container's sandbox, with this command's terminal, input and outputs.")
    .usage("[options] CONTAINER -- COMMAND [ARG...]")
    .argument("<container>", "name, id or beginning of an id")
    .argument("[word...]", "the command and its arguments, behind --")
    .addHelpText("after", examples("weft exec shop -- ip route", "weft exec shop -- sh"))
    .action(async (name: string, words: string[], _options: object, command: Command) => {
      const { rest } = context;
      if (words.length > 0 || rest === null || rest.length === 0)
        throw new UsageError("weft exec: the command stands behind --, as in: weft exec shop -- ip route");
      const container = await one(context.client(command), name);
      if (container.ExecPrefix.length === 0) throw new OperationError(`container ${name} does not run: nothing can be run in it`);
      context.exitCode = await context.around.spawn([...container.ExecPrefix, ...rest]);
    });
  hint(exec, context);
  // Always so here.
  for (const flags of ["-i, --interactive", "-t, --tty"]) exec.addOption(exec.createOption(flags).hideHelp());
}

async function one(client: ApiClient, name: string): Promise<ContainerResource> {
  const { found, refused } = await client.do("container.inspect", { names: [name] });
  if (refused.length > 0) throw new OperationError(refused[0].message);
  return found[0];
}

function addStop(program: Command, context: Context): void {
  program
    .command("stop")
    .description("End containers: SIGTERM, and SIGKILL for those that do not heed it.")
    .argument("<container...>", NAMES)
    .option("-t, --time <seconds>", "until SIGKILL", whole(0, STOP_SECONDS_MAX), STOP_SECONDS)
    .addHelpText("after", examples("weft stop shop", "weft stop -t 0 shop"))
    .action((names: string[], { time }: { time: number }, command: Command) => {
      const client = context.client(command);
      return forEachName(context, names, async (name) => {
        await stop(client, name, time);
        context.print(`${name}\n`);
      });
    });
}

async function stop(client: ApiClient, name: string, seconds: number): Promise<void> {
  const { State } = await one(client, name);
  if (State !== "exited") await signalRunning(client, name, "SIGTERM");
  const patience = AbortSignal.timeout(seconds * 1000);
  const ended = client.do("container.wait", { name }, patience).then(() => true);
  if (await ended.catch((error) => (patience.aborted ? false : Promise.reject(error)))) return;
  await signalRunning(client, name, "SIGKILL");
  await client.do("container.wait", { name });
}

/** One that has ended in the meantime needs none. */
async function signalRunning(client: ApiClient, name: string, signal: NodeJS.Signals): Promise<void> {
  try {
    await client.do("container.signal", { name, signal });
  } catch (error) {
    if ((await one(client, name)).State !== "exited") throw error;
  }
}

function addKill(program: Command, context: Context): void {
  program
    .command("kill")
    .description("Send containers a signal.")
    .argument("<container...>", NAMES)
    .option("-s, --signal <signal>", "which", asFlag(signal), "SIGKILL")
    .addHelpText("after", examples("weft kill shop", "weft kill -s HUP shop"))
    .action((names: string[], { signal }: { signal: NodeJS.Signals }, command: Command) => {
      const client = context.client(command);
      return forEachName(context, names, async (name) => {
        await client.do("container.signal", { name, signal });
        context.print(`${name}\n`);
      });
    });
}

function addWait(program: Command, context: Context): void {
  program
    .command("wait")
    .description("Wait for containers to end, and print their exit codes.")
    .argument("<container...>", NAMES)
    .addHelpText("after", examples("weft wait shop"))
    .action((names: string[], _options: object, command: Command) => {
      const client = context.client(command);
      return forEachName(context, names, async (name) => {
        context.print(`${(await client.do("container.wait", { name })).StatusCode}\n`);
      });
    });
}

function addRm(program: Command, context: Context): void {
  program
    .command("rm")
    .description("Remove containers that have ended, with their logs.")
    .argument("<container...>", NAMES)
    .option("-f, --force", "also those that run: they are ended first, as by stop")
    .addHelpText("after", examples("weft rm shop", "weft rm -f shop"))
    .action(async (names: string[], { force }: { force?: boolean }, command: Command) => {
      const { removed, refused } = await context.client(command).do("container.rm", { names, force: force ?? false });
      report(context, removed, refused);
    });
}
