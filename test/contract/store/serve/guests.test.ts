// Who may stay at a front's door, with real sockets: a server that hands its connections over, as the front's does.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { CLUSTER_KEY } from "../../../../host/model/cluster/keys.ts";
import { type GuestOptions, Guests, WORKER_HELD_BYTES_MAX } from "../../../../host/store/serve/guests.ts";
import { eventually } from "../../../../lab/wait.ts";
import { Ground } from "../../cluster/manager.ts";

const WORKER = { nodeId: "w", role: "worker" } as const;

describe("connections", () => {
  let server: Server;
  let guests: Guests;
  const clients: Socket[] = [];

  async function open(options: GuestOptions): Promise<void> {
    guests = new Guests(options);
    server = createServer((socket) => {
      socket.on("error", () => {}).resume();
      guests.enter(socket);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    guests.close();
    server.close();
    await once(server, "close");
  });

  /** Once the other end has it. */
  async function come(): Promise<{ socket: Socket; peer: string }> {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
    socket.resume();
    clients.push(socket);
    await Promise.all([once(socket, "connect"), once(server, "connection")]);
    return { socket, peer: `127.0.0.1:${socket.localPort}` };
  }
  const isOut = (socket: Socket) => eventually("the connection to be cut", () => socket.destroyed);

  test("of too many strangers the longest there goes, and whoever is known stays", async () => {
    await open({ strangersMax: 2 });
    const member = await come();
    guests.know(member.peer, WORKER);
    const [first, second, third] = [await come(), await come(), await come()];
    await isOut(first.socket);
    expect([second, third].some(({ socket }) => socket.destroyed)).toBe(false);
    expect(member.socket.destroyed).toBe(false);
  });

  test("a stranger stays for a while", async () => {
    await open({ strangerMsMax: 100 });
    const [member, stranger] = [await come(), await come()];
    guests.know(member.peer, { nodeId: "m", role: "manager" });
    await isOut(stranger.socket);
    expect(member.socket.destroyed).toBe(false);
  });

  test("of strangers that send too much together, who has sent most goes", async () => {
    await open({ strangersBytesMax: 100_000 });
    const [small, large] = [await come(), await come()];
    small.socket.write(Buffer.alloc(30_000));
    large.socket.write(Buffer.alloc(90_000));
    await isOut(large.socket);
    expect(small.socket.destroyed).toBe(false);
  });

  test("a stranger that calls on and on goes", async () => {
    await open({});
    const { socket, peer } = await come();
    for (let n = 0; n < 64; n++) guests.callOf(peer);
    expect(socket.destroyed).toBe(false);
    guests.callOf(peer);
    await isOut(socket);
  });

  test("a worker has some connections, and may send so much by all of them", async () => {
    await open({ workerBytesAtOnce: 100_000 });
    const all: Awaited<ReturnType<typeof come>>[] = [];
    for (let n = 0; n < 17; n++) {
      all.push(await come());
      guests.know(all[n].peer, WORKER);
    }
    await isOut(all[0].socket);
    const other = await come();
    guests.know(other.peer, { nodeId: "v", role: "worker" });
    expect(all.slice(1).some(({ socket }) => socket.destroyed)).toBe(false);
    // More than it may within any second or two.
    for (const { socket } of all.slice(1)) socket.write(Buffer.alloc(400_000));
    for (const { socket } of all.slice(1)) await isOut(socket);
    expect(other.socket.destroyed).toBe(false);
  });

  test("of a worker's requests so much is kept, by all of its connections", async () => {
    await open({});
    const [one, two, other, manager] = [await come(), await come(), await come(), await come()];
    for (const { peer } of [one, two]) guests.know(peer, WORKER);
    guests.know(other.peer, { nodeId: "v", role: "worker" });
    guests.know(manager.peer, { nodeId: "m", role: "manager" });
    guests.hold(manager.peer, 2 * WORKER_HELD_BYTES_MAX);
    guests.hold(other.peer, WORKER_HELD_BYTES_MAX);
    guests.hold(one.peer, WORKER_HELD_BYTES_MAX);
    guests.hold(one.peer, -WORKER_HELD_BYTES_MAX / 2);
    guests.hold(two.peer, WORKER_HELD_BYTES_MAX / 2 + 1);
    await isOut(one.socket);
    await isOut(two.socket);
    expect([other, manager].some(({ socket }) => socket.destroyed)).toBe(false);
  });
});

describe("of a front", () => {
  const ground = new Ground();
  afterEach(() => ground.close());

  test("more connections without a certificate than there is room for keep no member out", async () => {
    const manager = await ground.manager();
    const member = await ground.member(manager);
    const strangers: Socket[] = [];
    try {
      for (let n = 0; n < 1_100; n++) {
        strangers.push(
          connect(manager.port, "127.0.0.1")
            .on("error", () => {})
            .resume(),
        );
      }
      await eventually("the first of them to be cut", () => strangers.filter(({ destroyed }) => destroyed).length >= 76);
      member.store.refresh();
      await eventually("the member to be heard", async () => (await member.store.get(CLUSTER_KEY).catch(() => null)) !== null);
    } finally {
      for (const socket of strangers) socket.destroy();
    }
  });
});
