// A TCP proxy on loopback that breaks connections on purpose: after a given number of bytes in either direction it cuts (both ends see the
// connection go) or goes silent (both ends see nothing any more, as behind a dead link).

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export interface Cut {
  direction: "toServer" | "toClient";
  /** Let through before it; less than that may be heard of, never more. */
  bytes: number;
  how: "cut" | "silence";
}

export class CuttingProxy {
  readonly #target: { host: string; port: number };
  readonly #server: Server;
  readonly #cuts: Cut[];
  readonly #sockets = new Set<Socket>();
  #silent = false;
  #refusing = false;
  /** Connections that were made through it. */
  connections = 0;
  /** Those of them that the client still has open. */
  open = 0;
  /** And those that were cut as they came. */
  refused = 0;

  private constructor(target: string, cuts: readonly Cut[]) {
    const at = target.lastIndexOf(":");
    this.#target = { host: target.slice(0, at), port: Number(target.slice(at + 1)) };
    this.#cuts = [...cuts];
    this.#server = createServer((client) => this.#pass(client));
  }

  /**
   * @param target HOST:PORT
   * @param cuts one for each connection in turn; those after them are left alone
   */
  static async start(target: string, cuts: readonly Cut[] = []): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target, cuts);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** HOST:PORT to connect to instead of the target. */
  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Cuts that no connection has had yet. */
  get left(): number {
    return this.#cuts.length;
  }

  #pass(client: Socket): void {
    if (this.#refusing) {
      this.refused++;
      client.destroy();
      return;
    }
    this.connections++;
    this.open++;
    client.on("close", () => this.open--);
    const server = connect(this.#target);
    const cut = this.#cuts.shift();
    let silent = false;
    for (const [from, to, direction] of [[client, server, "toServer"] as const, [server, client, "toClient"] as const]) {
      this.#sockets.add(from);
      let left = cut?.direction === direction ? cut.bytes : Number.POSITIVE_INFINITY;
      from.setNoDelay();
      from.on("error", () => {}); // "close" follows
      from.on("close", () => {
        this.#sockets.delete(from);
        if (!this.#silent && !silent) to.destroy();
      });
      from.on("data", (bytes) => {
        if (this.#silent || silent) return;
        const part = bytes.subarray(0, left);
        left -= bytes.length;
        if (left > 0) {
          if (!to.write(part)) pauseUntilDrained(from, to);
          return;
        }
        silent = true;
        to.write(part, () => {
          if (cut?.how === "cut") sever(from, to);
        });
      });
    }
  }

  /** Cuts every connection that there is. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** From now on nothing goes through, and nobody is told. */
  silence(): void {
    this.#silent = true;
  }

  /** Cuts every connection, and each new one as it comes. */
  refuse(): void {
    this.#refusing = true;
    this.cutAll();
  }

  /** New connections go through again; silent ones are cut. */
  heal(): void {
    this.#silent = false;
    this.#refusing = false;
    this.cutAll();
  }

  async stop(): Promise<void> {
    this.#silent = false;
    this.cutAll();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function pauseUntilDrained(from: Socket, to: Socket): void {
  from.pause();
  to.once("drain", () => from.resume());
}

function sever(from: Socket, to: Socket): void {
  from.destroy();
  to.destroy();
}
