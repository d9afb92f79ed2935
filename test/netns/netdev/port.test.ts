import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { links } from "../../../host/netdev/link.ts";
import { netnsId, netnsIs } from "../../../host/netdev/netns-path.ts";
import { ensurePort, type OpenPort, type PortOptions, removePort, restorePort, wrongOf } from "../../../host/netdev/port.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { txDropped } from "../../../host/sys/net-dev.ts";
import { closeNetnsThread } from "../../../host/sys/netns-thread.ts";
import { tapName } from "../../../host/sys/tap.ts";
import { TapReader } from "../../../host/sys/tap-reader.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { eventually } from "../../../lab/wait.ts";
import { Stage } from "../../contract/sys/stage.ts";
import { describeNetns } from "../needs.ts";

describeNetns("a port", [], () => {
  let lab: Lab;
  let netns: string;
  let path: string;
  let count = 0;
  const open: OpenPort[] = [];
  beforeAll(async () => {
    lab = await Lab.open();
  });
  beforeEach(async () => {
    netns = await lab.namespace(`p${count++}`);
    path = `/run/netns/${netns}`;
  });
  afterEach(() => {
    while (open.length > 0) release();
  });
  afterAll(async () => {
    await closeNetnsThread();
    await lab?.close();
  });

  const options = (changes: Partial<PortOptions> = {}): PortOptions => ({
    netnsPath: path,
    interface: "eth0",
    addresses: ["10.0.0.1/24", "fd00::1/64"],
    mac: "02:42:0a:00:00:01",
    mtu: 1450,
    alias: "weft:blue",
    gsoMaxSegments: 44,
    txQueueLength: 4096,
    ...changes,
  });
  const ensure = async (changes?: Partial<PortOptions>) => {
    const port = await ensurePort(options(changes));
    open.push(port);
    return port;
  };
  const release = () => {
    const { fd, statisticsFd } = open.pop() as OpenPort;
    closeFd(fd);
    closeFd(statisticsFd);
  };
  /** What `ip` says of it. */
  const report = async () => {
    const [link] = JSON.parse(await run(["ip", "-json", "-details", "address", "show", "dev", "eth0"], { netns }));
    return {
      ...link,
      addresses: link.addr_info
        .filter(({ scope }: { scope: string }) => scope === "global")
        .map((a: { local: string; prefixlen: number }) => `${a.local}/${a.prefixlen}`),
    };
  };

  test("is made as asked, and is up", async () => {
    expect(await ensure()).toMatchObject({ adopted: false, offloads: { tso: true } });
    const eth0 = await report();
    expect(eth0).toMatchObject({
      address: "02:42:0a:00:00:01",
      mtu: 1450,
      txqlen: 4096,
      ifalias: "weft:blue",
      gso_max_segs: 44,
      addresses: ["10.0.0.1/24", "fd00::1/64"],
    });
    expect(eth0.flags).toEqual(expect.arrayContaining(["UP", "LOWER_UP"]));
    expect(eth0.linkinfo.info_data.persist).toBe(true);
    expect(await run(["ip", "-6", "address", "show", "dev", "eth0", "tentative", "scope", "global"], { netns })).toBe("");
  });

  test("has one queue before its own, however many it could have; so has one that is adopted", async () => {
    const queues = async () => JSON.parse(await run(["tc", "-json", "qdisc", "show", "dev", "eth0"], { netns }));
    await ensure();
    const one = [expect.objectContaining({ kind: "pfifo", root: true, options: { limit: 4096 } })];
    expect(await queues()).toEqual(one);
    release();
    await run(["tc", "qdisc", "delete", "dev", "eth0", "root"], { netns });
    expect((await queues())[0].kind).toBe("mq");
    await ensure();
    expect(await queues()).toEqual(one);
  });

  test("that an agent left is adopted, and becomes what is asked now", async () => {
    await ensure({ addresses: ["10.0.0.1/24", "10.0.0.9/24", "10.0.0.10/24", "10.7.0.1/16", "fd00::9/64"], mtu: 8950, gsoMaxSegments: 7 });
    const before = (await report()).ifindex;
    release();
    expect(await ensure({ addresses: ["10.0.0.10/24", "fd00::1/64"], mac: "02:42:0a:00:00:02", alias: "weft:red" })).toMatchObject({
      adopted: true,
    });
    // The kernel takes up to a second to call it running again: it has its addresses meanwhile.
    expect(await wrongOf(options({ addresses: ["10.0.0.10/24"], mac: "02:42:0a:00:00:02" }), "eth0")).toBeNull();
    const eth0 = await report();
    expect(eth0).toMatchObject({ ifindex: before, mtu: 1450, gso_max_segs: 44, address: "02:42:0a:00:00:02", ifalias: "weft:red" });
    expect(eth0.addresses).toEqual(["10.0.0.10/24", "fd00::1/64"]);
    expect(eth0.flags).toContain("LOWER_UP");
    release();
    expect((await ensure()).adopted).toBe(true);
  });

  test.each([
    ["it is called other", ["link set eth0 down", "link set eth0 name other", "link set other up"]],
    ["it is down", ["link set eth0 down"]],
    ["its MTU is 1400", ["link set eth0 mtu 1400"]],
    ["its MAC address is 02:42:0a:00:00:66", ["link set eth0 address 02:42:0a:00:00:66"]],
    ["it has no address 10.0.0.1/24", ["address del 10.0.0.1/24 dev eth0"]],
    ["it has no address fd00::1/64", ["address del fd00::1/64 dev eth0"]],
  ])("that somebody changed is put right: %s", async (wrong, lines) => {
    const { fd } = await ensure();
    const look = () => wrongOf(options(), tapName(fd) as string);
    expect(await look()).toBeNull();
    // What the container adds is its own.
    await ipBatch(["address add 10.9.9.9/32 dev eth0"], netns);
    expect(await look()).toBeNull();
    await ipBatch(lines, netns);
    await eventually("it to be seen", async () => (await look()) === wrong);
    await restorePort(options(), tapName(fd) as string);
    expect(await look()).toBeNull();
  });

  test("that was renamed is adopted, and has its name again; one of another MAC address or network, or that is open, is not it", async () => {
    await ensure({ interface: "twin" });
    await ensure();
    const before = (await report()).ifindex;
    release();
    await ipBatch(["link add same type bridge", `link set same address ${options().mac} alias weft:blue`], netns);
    await ipBatch(["link set eth0 down", "link set eth0 name other"], netns);
    expect(await ensure()).toMatchObject({ adopted: true });
    expect(await report()).toMatchObject({ ifindex: before, addresses: ["10.0.0.1/24", "fd00::1/64"] });
    expect((await links(path)).map(({ ifname }) => ifname)).toEqual(["lo", "twin", "eth0", "same"]);
    release();
    await ipBatch(["link set eth0 name other"], netns);
    expect(await ensure({ alias: "weft:red" })).toMatchObject({ adopted: false });
    expect(await ensure({ interface: "eth1", mac: "02:42:0a:00:00:02" })).toMatchObject({ adopted: false });
  });

  test("that a killed agent left is adopted, its routes too", async () => {
    const module = new URL("../../../host/netdev/port.ts", import.meta.url).href;
    const script = `const { ensurePort } = await import(${JSON.stringify(module)}); await ensurePort(${JSON.stringify(options())}); console.log("made"); setInterval(() => {}, 1000);`;
    const agent = lab.spawn([process.execPath, "--input-type=module", "-e", script], { name: "agent" });
    await agent.waitFor(/made/);
    await expect(ensurePort(options())).rejects.toThrow(
      `interface eth0 (network namespace ${path}) is held by another running process: is a second agent using it?`,
    );
    await ipBatch(["route add 10.9.0.0/16 via 10.0.0.254"], netns);
    await agent.kill();
    expect(await ensure()).toMatchObject({ adopted: true });
    expect(await run(["ip", "route", "show", "10.9.0.0/16"], { netns })).toContain("via 10.0.0.254");
  });

  test("is not made of an interface that is not ours", async () => {
    await ipBatch(["link add eth0 type veth peer eth1"], netns);
    const message = `interface eth0 (network namespace ${path}) exists and is not weft's: remove it, or choose another name`;
    await expect(ensurePort(options())).rejects.toThrow(message);
    await expect(removePort(options())).rejects.toThrow(message);
    await ipBatch(["link delete eth0", "tuntap add dev eth0 mode tap multi_queue"], netns);
    await expect(ensurePort(options())).rejects.toThrow(message);
    await ipBatch(["link set eth0 alias weft:blue"], netns);
    expect((await ensure()).adopted).toBe(true);
  });

  test("that could not be set up leaves nothing behind", async () => {
    await expect(ensurePort(options({ mtu: 70_000 }))).rejects.toThrow(
      `ip link set dev eth0 mtu 70000 (network namespace ${path}): mtu greater than device maximum.`,
    );
    await expect(ensurePort(options({ mac: "01:00:5e:00:00:01" }))).rejects.toThrow("Cannot assign requested address");
    await expect(ensurePort(options({ alias: "blue" }))).rejects.toThrow("does not start with weft:");
    await expect(ensurePort(options({ alias: "weft:two words" }))).rejects.toThrow("cannot be passed to ip -batch");
    expect((await links(path)).map(({ ifname }) => ifname)).toEqual(["lo"]);
    await expect(ensurePort(options({ netnsPath: "/run/netns/no-such" }))).rejects.toThrow("/run/netns/no-such");
  });

  test("an orphan that could not be set up is still there, and still ours", async () => {
    await ensure();
    release();
    await expect(ensurePort(options({ mtu: 70_000 }))).rejects.toThrow("mtu greater than device maximum");
    expect((await ensure()).adopted).toBe(true);
  });

  test("two agents at one moment never both have it", async () => {
    const results = await Promise.allSettled([ensurePort(options()), ensurePort(options()), ensurePort(options())]);
    const made = results.filter((result) => result.status === "fulfilled");
    for (const { value } of made) open.push(value);
    expect(made.length).toBeLessThanOrEqual(1);
    for (const result of results)
      if (result.status === "rejected") expect(String(result.reason)).toMatch(/held by another|is not weft's|TUNSETIFF|removed while/);
    if (made.length === 0) expect((await ensure()).adopted).toBe(false);
  });

  test("is removed with its namespace: nothing is left to do", async () => {
    const lost = options({ netnsPath: `${path}-lost` });
    await expect(removePort(lost)).resolves.toBeUndefined();
    // Not so where there is a file that is no namespace: nobody knows what it was.
    await expect(removePort(options({ netnsPath: "/dev/null" }))).rejects.toThrow("/dev/null");
  });

  test("is removed whoever has it open, and removing again does nothing", async () => {
    const { fd } = await ensure();
    const stage = new Stage();
    await removePort(options());
    expect((await links(path)).map(({ ifname }) => ifname)).toEqual(["lo"]);
    expect(new TapReader(stage.region, stage.block).read(fd, 1, 0)).toBe(-1);
    await removePort(options());
  });

  test("whose namespace's name vanishes keeps the namespace until its fd is closed", async () => {
    const id = netnsId(path);
    await ensure();
    const watcher = lab.spawn(["ip", "netns", "exec", netns, "sleep", "60"]);
    await eventually("the watcher is inside", () => netnsIs(`/proc/${watcher.pid}/ns/net`, id));
    const inside = `/proc/${watcher.pid}/ns/net`;
    await run(["umount", path]);
    expect(netnsIs(path, id)).toBe(false);
    await expect(removePort(options())).rejects.toThrow(path);
    expect((await links(inside)).map(({ ifname }) => ifname)).toContain("eth0");
    await removePort({ netnsPath: inside, interface: "eth0" });
    await run(["mount", "--bind", inside, path]);
    await watcher.kill();
  });

  test("what nobody reads is dropped by the kernel and counted", async () => {
    const { statisticsFd } = await ensure({ txQueueLength: 10, addresses: ["10.0.0.1/24"] });
    expect(txDropped(statisticsFd, "eth0")).toBe(0);
    await ipBatch(["neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev eth0"], netns);
    const script = `
      const socket = require("node:dgram").createSocket("udp4");
      let left = 100;
      const next = () => left-- > 0 ? socket.send("x", 9, "10.0.0.2", next) : socket.close();
      next();`;
    await run([process.execPath, "-e", script], { netns });
    expect(txDropped(statisticsFd, "eth0")).toBeGreaterThanOrEqual(90);
    expect(txDropped(statisticsFd, "eth0")).toBeLessThan(120);
  });
});
