// Operations on one host at the same time: whoever is told that it is done finds it done, whatever else is still under way. After each, the network that
// it was about is removed at once, which is refused for as long as anybody holds an address in it. WEFT_ROUNDS says how often.

import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Member, startCluster } from "../../../lab/cluster.ts";
import { Lab } from "../../../lab/lab.ts";
import { underlay } from "../../../lab/topology.ts";
import { Random, seed } from "../../oracle/random.ts";
import { api } from "../cluster/containers.ts";
import { ofOneMind } from "../cluster/one-mind.ts";
import { describeNetns } from "../needs.ts";

const ROUNDS = Number(process.env.WEFT_ROUNDS ?? 5);
const LATER_MS_MAX = 250;
const SLEEPS = ["sleep", "600"];

describeNetns(`at once (WEFT_SEED=${seed})`, ["etcdctl", "nsenter"], () => {
  const random = new Random();
  let lab: Lab;
  let host: Member;
  let place: string;
  beforeAll(async () => {
    lab = await Lab.open();
    const [a] = await underlay(lab, ["a", "b"]);
    host = (await startCluster([a])).manager;
    place = `/run/netns/${await lab.namespace("x")}`;
  });
  afterAll(() => lab?.close());

  const soon = () => delay(random.below(LATER_MS_MAX));
  const remove = async (...names: string[]) => {
    const { refused } = await api(host).do("container.rm", { names, force: true });
    return refused.map(({ message }) => message);
  };
  const run = (name: string, networks: string[], command: string[]) => api(host).do("container.run", { name, networks, command });

  let networks = 0;
  /** With two networks, both of which nobody may be in when `work` is done. */
  async function round(work: (networks: [string, string]) => Promise<void>): Promise<void> {
    const names: [string, string] = [`n${networks++}`, `n${networks++}`];
    for (const Name of names) await api(host).do("network.create", { Name });
    await work(names);
    expect((await api(host).do("network.rm", { names })).refused).toEqual([]);
  }

  const timeout = 30_000 + ROUNDS * 10_000;
  test("one that has ended and was waited for holds nothing", { timeout }, async () => {
    for (let count = 0; count < ROUNDS; count++) {
      const name = `brief-${count}`;
      await round(async (networks) => {
        await run(name, networks, ["sh", "-c", "exit 3"]);
        expect(await api(host).do("container.wait", { name })).toEqual({ StatusCode: 3 });
      });
      expect(await api(host).do("container.wait", { name })).toEqual({ StatusCode: 3 });
      expect(await remove(name)).toEqual([]);
    }
  });

  test("one that is removed while it is started, or connected, or ends, holds nothing", { timeout }, async () => {
    for (let count = 0; count < ROUNDS; count++)
      await round(async ([red, green]) => {
        const started = run("young", [red, green], random.oneIn(2) ? SLEEPS : ["true"]);
        started.catch(() => {});
        await soon();
        const early = await remove("young");
        await Promise.allSettled([started]);
        if (early.length > 0) await remove("young");
      });
    for (let count = 0; count < ROUNDS; count++)
      await round(async ([red, green]) => {
        await run("old", [red], SLEEPS);
        const connected = api(host).do("network.connect", { network: green, target: "old" });
        connected.catch(() => {});
        await delay(random.below(60));
        // Nobody waits for the other: each says done for itself.
        expect(await Promise.all([remove("old"), remove("old")])).toEqual([[], []]);
        await Promise.allSettled([connected]);
      });
  });

  test("stopped by two, one is stopped", { timeout }, async () => {
    for (let count = 0; count < ROUNDS; count++) {
      const name = `tired-${count}`;
      await round(async (networks) => {
        await run(name, networks, ["sh", "-c", `sleep 0.${random.below(6)}`]);
        const stops = await Promise.all([host.attempt("stop", name), host.attempt("stop", "-t", "0", name)]);
        expect(stops).toMatchObject([{ code: 0 }, { code: 0 }]);
      });
      expect(await remove(name)).toEqual([]);
    }
  });

  test("connected to two networks, and disconnected from both: two interfaces, and then none", { timeout }, async () => {
    const target = `netns:${place}`;
    for (let count = 0; count < ROUNDS; count++)
      await round(async (networks) => {
        const made = await Promise.all(networks.map((network) => api(host).do("network.connect", { network, target })));
        expect(made.map(({ Interface }) => Interface).sort()).toEqual(["eth0", "eth1"]);
        await Promise.all(networks.map((network) => api(host).do("network.disconnect", { network, target })));
      });
    await ofOneMind(host, [host], { [host.host.name]: [place] });
  });
});
