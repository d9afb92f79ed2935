// `weft run`: a command in a sandbox of its own. In the foreground its output is this command's, by stream, its exit code too, and signals are
// passed on to it; it is held by the agent's shim, so it runs on when this command, or the agent, is killed.

import type { Command } from "commander";
import type { ApiClient } from "../api/client.ts";
import { messageOf, OperationError, UsageError } from "../model/errors.ts";
import { type Context, write } from "./context.ts";
import { examples, oneLine } from "./group.ts";
import { onSignals } from "./signals.ts";
import { asFlag, asFlags, ipv4, ipv6, keyValue, mac, name } from "./values.ts";

/** What a terminal or a service manager sends; Docker's `--sig-proxy`. */
const PASSED_ON: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** Without `--`, a flag that this command does not know may well be the other command's. */
export function hint(command: Command, context: Context): void {
  if (context.rest !== null) return;
  command.configureOutput({ outputError: (text) => context.complain(`${oneLine(text)} (the command and its flags stand behind --)`) });
}

interface RunOptions {
  detach?: boolean;
  network?: string[];
  name?: string;
  ip?: string;
  ip6?: string;
  macAddress?: string;
  mac?: string;
  networkAlias?: string[];
  alias?: string[];
  env?: string[];
  workdir?: string;
  rm?: boolean;
  label?: [string, string][];
  interactive?: boolean;
  tty?: boolean;
}

export function addRun(program: Command, context: Context): void {
  const run = program
    .command("run")
    .description(
      "Run a command in a sandbox of its own: a network namespace with an interface in each network. Prints what it prints, or its id.",
    )
    .usage("[options] --network NAME -- COMMAND [ARG...]")
    .argument("[word...]")
    .option("-d, --detach", "do not wait for it: print its id")
    .option("--network <network>", "network to connect to; again for several; required", asFlags(String))
    .option("--name <name>", "name, on this host (default: one is made up)", asFlag(name))
    .option("--ip <ip>", "IPv4 address in the first network (default: the next free one)", asFlag(ipv4))
    .option("--ip6 <ip>", "IPv6 address in the first network", asFlag(ipv6))
    .option("--mac-address <mac>", "MAC address in the first network", asFlag(mac))
    .option("--network-alias <name>", "another name in its networks; again for several", asFlags(String))
    .option("-e, --env <key=value>", "environment; KEY alone is passed on from here", asFlags(environment))
    .option("-w, --workdir <dir>", "directory to run it in")
    .option("--rm", "remove it when it has ended (not with --detach)")
    .option("-l, --label <key=value>", "label; again for several", asFlags(keyValue))
    .addHelpText(
      "after",
      examples(
        "weft run --network blue -- ip address",
        "weft run -d --network blue --name shop --ip 10.1.0.7 -- python3 -m http.server 80",
        "weft run --rm --network blue -e TERM -- sh -c 'ping -c 3 10.1.0.7'",
      ),
    )
    .action(async (words: string[], options: RunOptions, command: Command) => {
      const { rest } = context;
      if (words.length > 0 || rest === null || rest.length === 0)
        throw new UsageError("weft run: the command stands behind --, as in: weft run --network blue -- sleep 60");
      await start(inputOf(rest, options, context.around.env), options, context.client(command), context);
    });
  hint(run, context);
  // Short forms, and Docker's that have no meaning here: known, so that they can be told apart.
  run.addOption(run.createOption("--mac <mac>").hideHelp().argParser(asFlag(mac)));
  run.addOption(run.createOption("--alias <name>").hideHelp().argParser(asFlags(String)));
  for (const flags of ["-i, --interactive", "-t, --tty"]) run.addOption(run.createOption(flags).hideHelp());
}

/** KEY alone takes its value from here, or is left out; which is known only when it is run. */
function environment(text: string): string {
  keyValue(text);
  return text;
}

type Input = Parameters<typeof ApiClient.prototype.do<"container.run">>[1];

function inputOf(command: readonly string[], options: RunOptions, env: Record<string, string | undefined>): Input {
  const { network, ip, ip6, rm, detach, interactive, tty } = options;
  if (interactive || tty)
    throw new UsageError(
      `weft run ${interactive ? "-i" : "-t"}: nothing is attached to a terminal or an input; use 'weft run -d' and then 'weft exec NAME -- sh'`,
    );
  if (network === undefined) throw new UsageError("weft run needs --network NAME");
  if (rm && detach) throw new UsageError("weft run --rm with --detach: nobody would wait to remove it; use 'weft rm' later");
  const environment = (options.env ?? []).flatMap((text) => {
    if (text.includes("=")) return [text];
    return env[text] === undefined ? [] : [`${text}=${env[text]}`];
  });
  return {
    name: options.name,
    networks: network,
    command: [...command],
    environment,
    workingDirectory: options.workdir,
    ips: [ip, ip6].filter((text) => text !== undefined),
    mac: options.macAddress ?? options.mac,
    aliases: [...(options.networkAlias ?? []), ...(options.alias ?? [])],
    labels: Object.fromEntries(options.label ?? []),
  };
}

async function start(input: Input, { detach, rm }: RunOptions, client: ApiClient, context: Context): Promise<void> {
  const started = client.do("container.run", input);
  const forget = detach ? () => {} : onSignals(PASSED_ON, (signal) => passOn(client, started, signal));
  try {
    const { Id, Warnings } = await started;
    for (const warning of Warnings) context.complain(`WARNING: ${warning}`);
    if (detach) return context.print(`${Id}\n`);
    await follow(client, Id, context);
    if (rm) await client.do("container.rm", { names: [Id], force: true });
  } finally {
    forget();
  }
}

/** A signal may come before the container is there. That it has ended meanwhile is no news. */
function passOn(client: ApiClient, started: Promise<{ Id: string }>, signal: NodeJS.Signals): void {
  started.then(({ Id }) => client.do("container.signal", { name: Id, signal })).catch(() => {});
}

async function follow(client: ApiClient, id: string, context: Context): Promise<void> {
  const { stdout, stderr } = context.around;
  try {
    for await (const { stream, log } of client.logs(id, { follow: true, tail: null }))
      await write(stream === "stderr" ? stderr : stdout, log);
    context.exitCode = (await client.do("container.wait", { name: id })).StatusCode;
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new OperationError(`${messageOf(error)}; the container itself is not touched: weft logs -f ${id.slice(0, 12)}`, { cause: error });
  }
}
