// What the tests of host/measure stand on: two hosts on a veth, nothing else, and a server in the second; the tests' own process stays outside and
// enters the namespaces as `weft bench` does.

import { serve } from "../../../host/measure/server.ts";
import { NETNS_DIRECTORY } from "../../../host/netdev/netns-path.ts";
import { attempt } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { type Host, underlay } from "../../../lab/topology.ts";

export const BENCH_PROGRAMS = ["iperf3", "nsenter", "setpriv", "ethtool"];
export const PORT = 5201;

/** Never stopped. */
export const go = () => new AbortController().signal;

export interface Wire {
  lab: Lab;
  hosts: [Host, Host];
}

export async function openWire(): Promise<Wire> {
  const lab = await Lab.open();
  try {
    return { lab, hosts: (await underlay(lab, ["a", "b"])) as [Host, Host] };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

export interface Server {
  /** Lines that it told, so far. */
  told: string[];
  stop(): Promise<void>;
}

/** Serves in a host until `stop`, at the latest until its lab closes. Resolves when it is ready. */
export async function serveIn(host: Host, port = PORT): Promise<Server> {
  const controller = new AbortController();
  const told: string[] = [];
  const { promise: isReady, resolve: ready } = Promise.withResolvers<void>();
  const served = serve(
    { netns: host.netns, bind: null, port },
    () => ready(),
    (line) => told.push(line),
    controller.signal,
  );
  const stop = async () => {
    controller.abort("SIGINT");
    await served;
  };
  host.lab.defer(stop);
  await Promise.race([isReady, served]);
  return { told, stop };
}

export const pathTo = (host: Host) => `${NETNS_DIRECTORY}/${host.netns}`;

/** What runs in a host or a container, by name. */
export async function programsIn(host: Pick<Host, "netns">): Promise<string[]> {
  const { stdout } = await attempt(["ip", "netns", "pids", host.netns]);
  const pids = stdout.split(/\s+/).filter(Boolean);
  if (pids.length === 0) return [];
  return (await attempt(["ps", "-o", "comm=", "-p", pids.join(",")])).stdout.split("\n").filter(Boolean);
}
