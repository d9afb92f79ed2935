// What can be asked for: every operation's name, who does it, and what it takes and gives. `POST /v1/NAME` on an agent's socket carries the
// input as JSON; an operation of a manager is passed on by gRPC (host/store/proto/weft.proto) to one, by any agent. Words and fields are
// Docker's API's where Docker has them (https://docs.docker.com/reference/api/engine/). Inputs are checked here, at the door; what needs
// the state to be judged (a name taken, a pool exhausted) is judged by who does it. The command line imports types only.

import { z } from "zod";
import { shown } from "../shown.ts";

const name = shown(255).min(1);
const labels = z.record(z.string().max(255), z.string().max(4096));
const text = z.string().max(4096);
/** A network or container by name, id or unique beginning of an id. */
const reference = z.string().min(1).max(255);
/** Docker's filters: key → values. */
const filters = z.record(z.string().max(64), z.array(text).max(64)).default({});

const ipamConfig = z.strictObject({
  Subnet: text.optional(),
  IPRange: text.optional(),
  Gateway: text.optional(),
  AuxiliaryAddresses: z.record(name, text).optional(),
});

/** Done by a manager, in the store. */
export const MANAGER_OPERATIONS = {
  "network.create": z.strictObject({
    Name: name,
    Driver: text.default("overlay"),
    Internal: z.boolean().default(false),
    Attachable: z.boolean().default(false),
    EnableIPv6: z.boolean().default(false),
    IPAM: z.strictObject({ Config: z.array(ipamConfig).max(64).default([]) }).default({ Config: [] }),
    /** `mtu`, `vni`; Docker's own names for them too. Any other is refused by name. */
    Options: z.record(z.string().max(255), text).default({}),
    Labels: labels.default({}),
  }),
  "network.ls": z.strictObject({ filters }),
  "network.inspect": z.strictObject({ names: z.array(reference).min(1).max(256), verbose: z.boolean().default(false) }),
  "network.rm": z.strictObject({ names: z.array(reference).min(1).max(256), force: z.boolean().default(false) }),
  "network.prune": z.strictObject({ filters }),
  /** Idempotent by `id`: asked again, it answers what it made. The caller's node gets it. */
  "endpoint.create": z.strictObject({
    id: z.string().regex(/^[0-9a-f]{64}$/),
    network: reference,
    name: shown(255),
    aliases: z.array(name).max(64).default([]),
    container: shown(64).nullable(),
    ips: z.array(text).max(2).default([]),
    mac: text.optional(),
    /** It is there, and the store has lost it: let in also where nothing new is. */
    isBack: z.boolean().default(false),
  }),
  /** Done also when it is not there. */
  "endpoint.remove": z.strictObject({ id: z.string().max(64), network: z.string().max(255) }),
  "node.register": z.strictObject({
    name,
    vtep: text,
    manager: text.nullable(),
    incarnation: z.number().int().nonnegative(),
    version: text,
  }),
  "node.ls": z.strictObject({ filters }),
  "node.inspect": z.strictObject({ names: z.array(reference).min(1).max(256) }),
  "node.rm": z.strictObject({ names: z.array(reference).min(1).max(256), force: z.boolean().default(false) }),
  "node.drain": z.strictObject({ name: reference, active: z.boolean().default(false) }),
  /** The caller goes: its endpoints, addresses and record are removed. */
  "node.leave": z.strictObject({}),
  "token.show": z.strictObject({ role: z.enum(["worker", "manager"]), rotate: z.boolean().default(false) }),
  /** The manager's clock, for the convergence histogram. */
  "cluster.time": z.strictObject({}),
  "cluster.info": z.strictObject({}),
} as const;

/** Done by the agent that is asked; it asks managers for its part. */
export const LOCAL_OPERATIONS = {
  "network.connect": z.strictObject({
    network: reference,
    /** `netns:PATH`, or a container of this host. */
    target: text,
    ips: z.array(text).max(2).default([]),
    mac: text.optional(),
    aliases: z.array(name).max(64).default([]),
  }),
  "network.disconnect": z.strictObject({ network: reference, target: text, force: z.boolean().default(false) }),
  "container.run": z.strictObject({
    name: z.string().max(255).optional(),
    networks: z.array(reference).min(1).max(16),
    command: z.array(z.string().max(131072)).min(1).max(1024),
    environment: z.array(text).max(256).default([]),
    workingDirectory: text.optional(),
    ips: z.array(text).max(2).default([]),
    mac: text.optional(),
    aliases: z.array(name).max(64).default([]),
    labels: labels.default({}),
  }),
  "container.ls": z.strictObject({ all: z.boolean().default(false) }),
  "container.inspect": z.strictObject({ names: z.array(reference).min(1).max(256) }),
  "container.rm": z.strictObject({ names: z.array(reference).min(1).max(256), force: z.boolean().default(false) }),
  /** Answers when it has ended. */
  "container.wait": z.strictObject({ name: reference }),
  "container.signal": z.strictObject({ name: reference, signal: z.string().max(16) }),
  "cluster.leave": z.strictObject({ force: z.boolean().default(false) }),
  /** The agent writes the file; managers only. */
  "cluster.backup": z.strictObject({ file: text }),
  /** What probes know of every other node. */
  "peer.ls": z.strictObject({}),
} as const;

export type ManagerOperation = keyof typeof MANAGER_OPERATIONS;
export type LocalOperation = keyof typeof LOCAL_OPERATIONS;
export type Operation = ManagerOperation | LocalOperation;

type Schemas = typeof MANAGER_OPERATIONS & typeof LOCAL_OPERATIONS;
/** As a caller gives it: defaults may be left out. */
export type Asked<Name extends Operation> = z.input<Schemas[Name]>;
/** As who does it sees it: checked, defaults filled in. */
export type Checked<Name extends Operation> = z.output<Schemas[Name]>;
