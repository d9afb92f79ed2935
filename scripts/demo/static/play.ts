// npm run demo -- --static: weft without a cluster, told to someone who has never seen an overlay network. Two "hosts" (network namespaces) with
// a file each, a third with nothing but Linux's own vxlan, five containers, real packets; every claim is checked.

import type { Lab } from "../../../lab/lab.ts";
import { chapter, check, command, say, show } from "../tell.ts";
import { accounts, afterwards, datagrams, files, forge, onTheWire, pings, showTables } from "./acts.ts";
import { build, exampleFile, PICTURE, startAgents, startLinux, type World } from "./world.ts";

const FORGED = 7;

function introduce(world: World): void {
  say(`
    Containers on different machines want to talk as if they were plugged into one Ethernet switch. The machines only have an ordinary IP
    network between them. An overlay makes the one out of the other: on each machine, weft takes the Ethernet frames that a container sends,
    wraps each in a UDP packet to the machine where the receiver is (that is VXLAN, RFC 7348), and unwraps it there.`);
  show(PICTURE);
  say(`
    The three "hosts" here are network namespaces of this machine, joined by a virtual switch; the containers are namespaces as well. The kernel
    treats them as separate computers: what follows is real traffic. Host c runs no weft, only the VXLAN that is built into Linux.`);
  chapter("Each host gets a file and an agent");
  say("This is the whole configuration of host a (b's looks the same, with its own containers):");
  show(exampleFile(world));
  say(`
    vni is the overlay's number, peers are the other hosts, and each port is the network card of one container: its namespace, its addresses
    inside the overlay, its Ethernet address.`);
}

export async function playStatic(lab: Lab): Promise<void> {
  const world = await build(lab);
  const { a1, a2, b1, b2, c1 } = world.containers;
  introduce(world);
  const agents = await startAgents(world);
  for (const agent of Object.values(agents)) {
    command("weft agent --config weft.yaml", (agent.daemon.stdout.trim().split("\n").at(-1) ?? "").trim());
  }

  chapter("Can the containers see each other?");
  const [local, across, kernel] = ["inside host a", "host a ⇄ host b", "weft ⇄ Linux"];
  await pings([
    { from: a1, to: a2, family: 4, along: local },
    { from: a1, to: b1, family: 4, along: across },
    { from: b2, to: a2, family: 4, along: across },
    { from: a1, to: b1, family: 6, along: across },
  ]);

  chapter("What is on the wire meanwhile?");
  await onTheWire(world.hosts.a, a1, b1);

  chapter("A file, both ways, by TCP");
  await files(world, [
    { from: a1, to: b1, family: 4, along: across },
    { from: b1, to: a1, family: 4, along: across },
    { from: a2, to: b2, family: 6, along: across },
  ]);

  chapter("Numbered datagrams, by UDP");
  await datagrams(world, [
    { from: a1, to: b2, family: 4, along: across },
    { from: b1, to: a2, family: 6, along: across },
  ]);

  chapter("The same against a host without weft");
  say("Host c now gets Linux's own vxlan device. weft follows the same standard, so they understand each other:");
  await startLinux(world);
  await pings([
    { from: a1, to: c1, family: 4, along: kernel },
    { from: c1, to: b1, family: 4, along: kernel },
    { from: c1, to: a2, family: 6, along: kernel },
  ]);
  await files(world, [
    { from: a1, to: c1, family: 4, along: kernel },
    { from: c1, to: a1, family: 4, along: kernel },
  ]);
  await datagrams(world, [{ from: c1, to: b1, family: 6, along: kernel }]);

  chapter("How did host a know where to send?");
  say(
    "From the source addresses of the frames that came in. The forwarding database (FDB) says behind which host each Ethernet address is:",
  );
  await showTables(agents.a);

  chapter("Where did every frame go?");
  await forge(world.hosts.c, world.hosts.a, FORGED);
  say(`Host c has just sent ${FORGED} packets for a network that nobody has. weft counts every frame, and why it dropped one:`);
  await accounts(Object.values(agents), FORGED);

  chapter("Tidying up");
  for (const agent of Object.values(agents)) {
    const { code } = await agent.stop();
    check(code === 0, `the agent of host ${agent.host.name} ended in order`);
  }
  await afterwards(world, Object.values(agents));
}
