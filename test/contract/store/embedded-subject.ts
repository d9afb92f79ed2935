// The embedded store as the subject of the contract suite, served as a manager serves it but for TLS and rights.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServerCredentials } from "@grpc/grpc-js";
import { type EmbeddedBackend, openEmbedded } from "../../../host/store/embedded/backend.ts";
import { EtcdBackend } from "../../../host/store/etcd/backend.ts";
import { type Served, serveBackend } from "../../../host/store/serve.ts";
import type { Subject } from "./suite/subject.ts";

/** A store that is served on loopback, in a folder of its own. */
export class EmbeddedServer {
  readonly folder = mkdtempSync(join(tmpdir(), "weft-store-"));
  readonly file = join(this.folder, "store.db");
  #backend!: EmbeddedBackend;
  #served!: Served;

  static async start(): Promise<EmbeddedServer> {
    const server = new EmbeddedServer();
    await server.#up(0);
    return server;
  }

  get backend(): EmbeddedBackend {
    return this.#backend;
  }

  get endpoint(): string {
    return `127.0.0.1:${this.#served.port}`;
  }

  async #up(port: number): Promise<void> {
    this.#backend = await openEmbedded({ file: this.file, name: "m0", clientUrls: ["http://127.0.0.1:2379"] });
    this.#served = await serveBackend({
      host: "127.0.0.1",
      port,
      credentials: ServerCredentials.createInsecure(),
      backendFor: () => this.#backend,
    });
  }

  async #down(): Promise<void> {
    await this.#served.close();
    await this.#backend.close();
  }

  /** Ends, and begins again on the same file and port. */
  async restart(): Promise<void> {
    const { port } = this.#served;
    await this.#down();
    await this.#up(port);
  }

  async stop(): Promise<void> {
    await this.#down();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const embeddedSubject: Subject = {
  name: "embedded",
  async start() {
    const server = await EmbeddedServer.start();
    const endpoints = [server.endpoint];
    return {
      endpoints,
      client: { tls: null },
      backend: () => new EtcdBackend({ endpoints, tls: null }),
      disturb: () => server.restart(),
      stop: () => server.stop(),
    };
  },
};
