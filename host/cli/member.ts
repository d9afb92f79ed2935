// `weft up`, `weft join` and `weft leave`: their flags as the options that a member is run with. What can be judged without a cluster is judged
// here, before anything is created.

import { hostname } from "node:os";
import { type Command, Option } from "commander";
import {
  DEFAULT_LISTEN_PORT,
  DEFAULT_POOLS,
  DEFAULT_SOCKET,
  DEFAULT_STATE_DIR,
  type MemberOptions,
  type StoreOptions,
} from "../model/cluster/start.ts";
import type { InjectionMode } from "../model/config.ts";
import { messageOf, OperationError, UsageError, ValueError } from "../model/errors.ts";
import { familyOf, unicastIp } from "../model/ip.ts";
import { WORKERS_LIMIT } from "../model/limits.ts";
import { DEFAULT_WORKERS_TEXT, defaultWorkers } from "../model/workers.ts";
import type { Context } from "./context.ts";
import { examples } from "./group.ts";
import { contains } from "./subnets.ts";
import { asFlag, asFlags, cidr, formatHostPort, type HostPort, hostPort, name, path, socketPath, whole } from "./values.ts";

/** IANA's for VXLAN (RFC 7348). */
const DATA_PORT = 4789;
const METRICS: HostPort = { host: "127.0.0.1", port: 9477 };
/** Longest pool's subnet that has room for a gateway and a container. */
const MASK_MAX = 29;

interface MemberFlags {
  name?: string;
  advertise?: string;
  listen?: HostPort;
  metrics: HostPort | "off";
  socket: string;
  stateDir: string;
  workers: number;
  injection: InjectionMode;
  store: StoreOptions;
  storeCa?: string;
  storeCert?: string;
  storeKey?: string;
  storeUser?: string;
  dockerPlugin?: string | true;
}

interface UpFlags extends MemberFlags {
  dataPort: number;
  defaultAddrPool?: string[];
  defaultAddrPoolMaskLength: number;
}

export function addMember(program: Command, context: Context): void {
  const up = program
    .command("up")
    .description(
      "Run this host's agent as the first manager of a new cluster, in the foreground. A host that was a member before comes back as it was.",
    );
  memberFlags(up)
    .addOption(portOption("--data-port <port>", "UDP port of VXLAN, on every node").default(DATA_PORT))
    .addOption(
      new Option(
        "--default-addr-pool <cidr>",
        "where networks without --subnet get theirs; again for several (default: 10.0.0.0/8)",
      ).argParser(asFlags(pool)),
    )
    .addOption(
      new Option("--default-addr-pool-mask-length <bits>", "prefix length of those subnets").default(24).argParser(whole(8, MASK_MAX)),
    )
    .addHelpText(
      "after",
      examples("weft up", "weft up --advertise 10.99.0.1 --default-addr-pool 10.32.0.0/11", "weft up --store etcd://10.99.0.9:2379"),
    )
    .action((flags: UpFlags) => context.around.runMember({ ...optionsOf(flags), join: null, create: createOf(flags) }));
  const join = program
    .command("join")
    .description("Run this host's agent as a node of a cluster, in the foreground. 'weft token worker' on a manager prints how.")
    .argument("<manager...>", `managers, as HOST[:PORT] (port ${DEFAULT_LISTEN_PORT})`)
    .option("--token <token>", "what a manager's 'weft token worker' or 'weft token manager' prints; required");
  memberFlags(join)
    .addHelpText(
      "after",
      examples("weft join --token TOKEN 10.99.0.1:2377", "weft join --token TOKEN --name b --advertise 10.99.0.2 10.99.0.1"),
    )
    .action((managers: string[], { token, ...flags }: MemberFlags & { token?: string }) => {
      if (!token) throw new UsageError("weft join needs --token TOKEN: 'weft token worker' on a manager prints it");
      const create = { dataPort: DATA_PORT, pools: DEFAULT_POOLS };
      return context.around.runMember({ ...optionsOf(flags), join: { token, managers: managers.map(managerOf) }, create });
    });
  program
    .command("leave")
    .description("Leave the cluster: this host's containers, their interfaces and its state are removed.")
    .option("-f, --force", "whatever stands against it: containers here, no manager or agent that answers, the last manager")
    .addOption(
      new Option("--state-dir <dir>", "with --force, where no agent answers: what it must not have forgotten")
        .default(DEFAULT_STATE_DIR)
        .argParser(asFlag(path)),
    )
    .addHelpText("after", examples("weft leave", "weft leave --force"))
    .action((flags: LeaveFlags, command: Command) => leave(flags, command, context));
}

interface LeaveFlags {
  force?: boolean;
  stateDir: string;
}

async function leave({ force = false, stateDir }: LeaveFlags, command: Command, context: Context): Promise<void> {
  try {
    await context.client(command).do("cluster.leave", { force });
    context.print("Node left the cluster.\n");
  } catch (error) {
    if (!(error instanceof OperationError) || !isAbsent(error.cause)) throw error;
    if (!force) throw new OperationError(`${error.message} (weft leave --force does without it)`, { cause: error });
    const name = await context.around.runAbandon({ stateDir });
    const rest =
      name === null
        ? ""
        : ` No manager has heard of it: if the node was not removed yet, 'weft node rm ${name}' on another host does that.`;
    context.print(`Node left the cluster.${rest}\n`);
  }
}

/** Nobody listens at the socket. */
function isAbsent(cause: unknown): boolean {
  return ["ENOENT", "ECONNREFUSED"].includes(String((cause as NodeJS.ErrnoException | undefined)?.code));
}

function memberFlags(command: Command): Command {
  return command
    .option("--name <name>", "of this node (default: the host's name)", asFlag(name))
    .addOption(
      new Option("--advertise <ip>", "this host's address on the underlay (default: the source address of the default route)").argParser(
        asFlag(unicastIp),
      ),
    )
    .option("--listen <ip[:port]>", `where a manager serves (default: every address, port ${DEFAULT_LISTEN_PORT})`, asFlag(listen))
    .addOption(
      new Option("--metrics <host:port>", "where Prometheus finds /metrics, or off")
        .default(METRICS, formatHostPort(METRICS))
        .argParser(asFlag((text) => (text === "off" ? text : hostPort()(text)))),
    )
    .addOption(
      new Option("--socket <path>", "where the command line reaches the agent").default(DEFAULT_SOCKET).argParser(asFlag(socketPath)),
    )
    .addOption(new Option("--state-dir <dir>", "what this node must not forget").default(DEFAULT_STATE_DIR).argParser(asFlag(path)))
    .addOption(
      new Option("--workers <n>", "threads that move frames, at most one a CPU is of use")
        .default(defaultWorkers(), DEFAULT_WORKERS_TEXT)
        .argParser(whole(1, WORKERS_LIMIT)),
    )
    .addOption(
      new Option("--injection <mode>", "whether superframes leave whole, past the host's netfilter (docs/fast-path.md)")
        .default("auto")
        .choices(["auto", "on", "off"]),
    )
    .addOption(
      new Option("--store <store>", "managers only: embedded, or etcd://HOST:PORT,HOST:PORT,…")
        .default({ kind: "embedded" } satisfies StoreOptions, "embedded")
        .argParser(asFlag(store)),
    )
    .option("--store-ca <file>", "etcd over TLS: the CA that its certificates are checked against", asFlag(path))
    .option("--store-cert <file>", "etcd over TLS: this host's certificate", asFlag(path))
    .option("--store-key <file>", "etcd over TLS: its key", asFlag(path))
    .option("--store-user <name:password>", "etcd with authentication", asFlag(user))
    .addOption(new Option("--docker-plugin [socket]").hideHelp());
}

function optionsOf(flags: MemberFlags): Omit<MemberOptions, "join" | "create"> {
  const { advertise, listen, metrics, socket, stateDir, workers, injection, dockerPlugin } = flags;
  if (dockerPlugin)
    throw new UsageError(
      "--docker-plugin: weft is no plugin of Docker yet: 'weft network connect NETWORK netns:PATH' gives any network namespace an interface",
    );
  const everywhere = advertise !== undefined && familyOf(advertise) === 6 ? "::" : "0.0.0.0";
  return {
    name: flags.name ?? ownName(),
    advertise: advertise ?? null,
    listen: listen ?? { host: everywhere, port: DEFAULT_LISTEN_PORT },
    metrics: metrics === "off" ? null : metrics,
    socket,
    stateDir,
    workers,
    injection,
    store: storeOf(flags),
  };
}

function ownName(): string {
  try {
    return name(hostname());
  } catch {
    throw new UsageError(`this host's name, ${JSON.stringify(hostname())}, cannot be a node's: give --name NAME`);
  }
}

function storeOf({ store, storeCa, storeCert, storeKey, storeUser }: MemberFlags): StoreOptions {
  const given = { "--store-ca": storeCa, "--store-cert": storeCert, "--store-key": storeKey, "--store-user": storeUser };
  if (store.kind === "embedded") {
    const [flag] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
    if (flag !== undefined) throw new UsageError(`${flag} is of no use without --store etcd://HOST:PORT`);
    return store;
  }
  if ((storeCert === undefined) !== (storeKey === undefined)) throw new UsageError("--store-cert and --store-key belong together");
  return { ...store, ca: storeCa ?? null, cert: storeCert ?? null, key: storeKey ?? null, user: storeUser ?? null };
}

function store(text: string): StoreOptions {
  if (text === "embedded") return { kind: "embedded" };
  const prefix = "etcd://";
  if (!text.startsWith(prefix)) throw new ValueError("Expected embedded or etcd://HOST:PORT,HOST:PORT,…");
  const endpoints = text.slice(prefix.length).split(",").map(hostPort()).map(formatHostPort);
  return { kind: "etcd", endpoints, ca: null, cert: null, key: null, user: null };
}

function user(text: string): string {
  if (!/^[^:]+:./.test(text)) throw new ValueError("Expected NAME:PASSWORD");
  return text;
}

/** Where to listen: an address of this host, or of any. */
function listen(text: string): HostPort {
  const { host, port } = hostPort(DEFAULT_LISTEN_PORT)(text);
  if (host !== "0.0.0.0" && host !== "::") unicastIp(host);
  return { host, port };
}

function managerOf(text: string): string {
  try {
    return formatHostPort(hostPort(DEFAULT_LISTEN_PORT)(text));
  } catch (error) {
    throw error instanceof ValueError ? new UsageError(`manager ${JSON.stringify(text)}: ${messageOf(error)}`) : error;
  }
}

function pool(text: string): string {
  const base = cidr(text);
  if (base.includes(":")) throw new ValueError("Expected an IPv4 subnet");
  return base;
}

function createOf({ dataPort, defaultAddrPool, defaultAddrPoolMaskLength: size }: UpFlags): MemberOptions["create"] {
  const pools = (defaultAddrPool ?? DEFAULT_POOLS.map(({ base }) => base)).map((base) => ({ base, size }));
  pools.forEach(({ base }, index) => {
    if (Number(base.split("/")[1]) > size)
      throw new UsageError(`--default-addr-pool ${base}: no subnet of --default-addr-pool-mask-length ${size} fits in it`);
    const other = pools.slice(0, index).find((pool) => contains(pool.base, base) || contains(base, pool.base));
    if (other !== undefined) throw new UsageError(`--default-addr-pool ${base}: overlaps --default-addr-pool ${other.base}`);
  });
  return { dataPort, pools };
}

function portOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(whole(1, 65_535));
}
