// `npm run layers`: imports flow one way (design: abi ← wire, ring, table ← offload ← path; model ← sys ← core ← worker; everything ←
// agent). Each room says what it may import and why no more; an import that is not allowed is printed with that reason, and so is a cycle.
// Type-only imports count: a type that leaks upwards is a dependency as well.

import { imports, sources } from "./sources.ts";

interface Room {
  /** A folder, or a file without `.ts`. The longest match decides. */
  path: string;
  /** Other rooms it may import. It may always import itself. */
  may: string[];
  why: string;
}

const ROOMS: Room[] = [
  { path: "assembly/abi", may: [], why: "numbers that both languages read: whatever they depended on would have to mean the same in both" },
  { path: "assembly/wire", may: ["assembly/abi"], why: "a protocol's bytes know nothing of tables, rings or what is done with a frame" },
  { path: "assembly/ring", may: ["assembly/abi"], why: "rings and worker blocks move descriptors and never look into a frame" },
  { path: "assembly/table", may: ["assembly/abi"], why: "tables map keys to entries; the main thread drives them without a frame at hand" },
  {
    path: "assembly/offload",
    may: ["assembly/abi", "assembly/wire", "assembly/ring", "assembly/table"],
    why: "splitting and merging serve the path; an offload that steered frames would be a stage",
  },
  {
    path: "assembly/path",
    may: ["assembly/abi", "assembly/wire", "assembly/ring", "assembly/table", "assembly/offload"],
    why: "the stages stand on everything else in the core, and on nothing outside it",
  },
  { path: "assembly", may: ["assembly"], why: "the entry points list what the module exports" },

  { path: "host/model", may: ["assembly/abi"], why: "plain types and rules, no I/O: every room may use it, so it may use none" },
  {
    path: "host/config",
    may: ["host/model"],
    why: "reads and checks a file before anything is created, so it can reach nothing that creates",
  },
  {
    path: "host/sys",
    may: ["host/model", "assembly/abi"],
    why: "the kernel's room serves all others; all danger is here and nothing else is",
  },
  { path: "host/core", may: ["host/model", "host/sys", "assembly/abi"], why: "views on shared memory: no sockets, no threads" },
  {
    path: "host/worker",
    may: ["host/model", "host/sys", "host/core", "assembly/abi"],
    why: "the data path must run on when config, API or metrics are broken, so it cannot import them",
  },
  { path: "host/netdev", may: ["host/model", "host/sys"], why: "makes interfaces exist; what moves over them is the workers' business" },
  { path: "host/metrics", may: ["host/model", "assembly/abi"], why: "reads a view that the agent gives it and can change nothing" },
  { path: "host/api/client", may: ["host/model"], why: "the command line loads it: it must not drag the agent in" },
  {
    path: "host/api",
    may: ["host/model", "host/sys", "host/api/client"],
    why: "serves a view and operations that the agent gives it and can change nothing by itself; the kernel tells it who asks",
  },
  {
    path: "host/measure",
    may: ["host/model", "host/netdev"],
    why: "measures any path with the system's tools, whoever carries it: an agent is one more thing that it reads over HTTP",
  },
  {
    path: "host/cli",
    may: ["host/model", "host/ipam", "host/api/client"],
    why: "a client: what it cannot ask over the socket it does not know; that a subnet makes no sense it can reckon itself",
  },
  {
    path: "host/cli/main",
    may: ["host/model", "host/cli", "host/agent", "host/measure"],
    why: "the one program: it hands the command line the agent and the measuring commands, which are loaded only when asked for",
  },
  {
    path: "host/store",
    may: ["host/model"],
    why: "the cluster's state, spoken as etcd speaks it: it keeps JSON of which it understands nothing but who may write it",
  },
  {
    path: "host/cluster",
    may: ["host/model", "host/sys", "host/store", "host/ipam"],
    why: "who is a member, by certificate, lease and probe; what a member forwards is control's business",
  },
  {
    path: "host/ipam",
    may: ["host/model"],
    why: "subnets, ranges and addresses as sums: pure, so that a simulation can run it a thousand times",
  },
  {
    path: "host/manager",
    may: ["host/model", "host/ipam"],
    why: "what may be asked of a cluster, done as transactions on a store that it is given",
  },
  {
    path: "host/follow",
    may: ["host/model", "host/ipam"],
    why: "turns the cluster's state into what this host shall forward: it is fed and asked, and touches nothing",
  },
  {
    path: "host/endpoint",
    may: ["host/model", "host/sys", "host/sandbox"],
    why: "this host's endpoints, from the asking to the giving back: managers and ports are handed to it, and its journal is on the disk",
  },
  {
    path: "host/sandbox",
    may: ["host/model", "host/sys", "host/netdev"],
    why: "processes in namespaces of their own, which must run on when the agent ends: it knows no cluster",
  },
  {
    path: "host/control",
    may: ["host/model", "host/sys", "host/core", "host/worker", "host/netdev", "assembly/abi"],
    why: "makes tables and ports what they should be; it does not know who asks (file, API) nor who watches (metrics)",
  },
  {
    path: "host/agent",
    may: [
      "host/model",
      "host/config",
      "host/sys",
      "host/core",
      "host/worker",
      "host/netdev",
      "host/control",
      "host/store",
      "host/cluster",
      "host/ipam",
      "host/manager",
      "host/sandbox",
      "host/follow",
      "host/endpoint",
      "host/metrics",
      "host/api",
      "host/api/client",
      "assembly/abi",
    ],
    why: "the composition root puts the rooms together; the command line stands beside it",
  },
];

/** Packages that only some rooms may load. */
const PACKAGES: { name: string; rooms: string[]; why: string }[] = [
  { name: "koffi", rooms: ["host/sys"], why: "system calls are made in one room, behind its bounds checks" },
  { name: "piscina", rooms: ["host/worker"], why: "threads are started and replaced in one place" },
  { name: "prom-client", rooms: ["host/metrics"], why: "metrics are declared in one place" },
  {
    name: "zod",
    rooms: ["host/model", "host/config", "host/control", "host/measure", "host/api"],
    why: "what comes from outside is checked at the door",
  },
  { name: "@grpc/grpc-js", rooms: ["host/store", "host/cluster"], why: "one way to the state, one way between nodes" },
  { name: "@bufbuild/protobuf", rooms: ["host/store", "host/cluster"], why: "messages stay where gRPC is" },
  { name: "@peculiar/x509", rooms: ["host/cluster"], why: "certificates are made and judged in one place" },
  { name: "reflect-metadata", rooms: ["host/cluster"], why: "@peculiar/x509 wants it loaded first" },
  { name: "yaml", rooms: ["host/config"], why: "one reader of the configuration file" },
  { name: "commander", rooms: ["host/cli"], why: "the command line's own" },
  { name: "cli-table3", rooms: ["host/cli"], why: "the command line's own" },
  { name: "picocolors", rooms: ["host/cli"], why: "the command line's own" },
];

function roomOf(file: string): Room | undefined {
  const path = file.replace(/\.ts$/, "");
  const matches = ROOMS.filter((room) => path === room.path || path.startsWith(`${room.path}/`));
  return matches.sort((a, b) => b.path.length - a.path.length)[0];
}

function allowed(room: Room, target: Room): boolean {
  return target === room || room.may.includes(target.path) || (room.may.includes("assembly") && target.path.startsWith("assembly/"));
}

/** One line for each import that a file may not have. */
function violations(file: string): string[] {
  const room = roomOf(file);
  if (!room) return [`${file}: in no room; add its folder to scripts/layers.ts with what it may import and why`];
  return imports(file).flatMap(({ specifier, file: target }) => {
    if (target === null) {
      const rule = PACKAGES.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
      return rule && !rule.rooms.includes(room.path) ? [`${file}: ${specifier}: only in ${rule.rooms.join(", ")}: ${rule.why}`] : [];
    }
    const targetRoom = roomOf(target);
    return targetRoom && allowed(room, targetRoom) ? [] : [`${file}: ${target}: ${room.path} may not import it: ${room.why}`];
  });
}

/** Import cycles, each told once, from the file in it that sorts first. */
function cycles(files: string[]): string[] {
  const graph = new Map(files.map((file) => [file, imports(file).flatMap((entry) => entry.file ?? [])]));
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (file: string, trail: string[]): void => {
    const seen = trail.indexOf(file);
    if (seen >= 0) found.push(`cycle: ${[...trail.slice(seen), file].join(" → ")}`);
    if (seen >= 0 || done.has(file)) return;
    for (const target of graph.get(file) ?? []) walk(target, [...trail, file]);
    done.add(file);
  };
  for (const file of files) walk(file, []);
  return found;
}

const files = sources("assembly", "host");
const complaints = [...files.flatMap(violations), ...cycles(files)];
for (const complaint of complaints) console.error(complaint);
console.log(`layers: ${files.length} files, ${complaints.length} complaints`);
if (complaints.length > 0) process.exitCode = 1;
