// What is kept of requests that never end, sent by hand: gRPC's own client sends whole ones only.

import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type SecureClientSessionOptions } from "node:http2";
import { create } from "@bufbuild/protobuf";
import { ServerCredentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Backend } from "../../../../host/store/backend.ts";
import { StatusResponseSchema, WatchResponseSchema } from "../../../../host/store/generated/rpc_pb.js";
import { Guests } from "../../../../host/store/serve/guests.ts";
import { Lengths, STREAM_REQUEST_BYTES_MAX } from "../../../../host/store/serve/requests.ts";
import { type Served, serveBackend } from "../../../../host/store/serve.ts";
import { eventually } from "../../../../lab/wait.ts";
import { Ground } from "../../cluster/manager.ts";

const MIB = 1024 ** 2;
const STATUS = "/etcdserverpb.Maintenance/Status";
const WATCH = "/etcdserverpb.Watch/Watch";

/** A message of so many bytes, or the beginning of one. */
function message(bytes: number, sent = bytes): Buffer {
  const all = Buffer.alloc(5 + sent);
  all.writeUInt32BE(bytes, 1);
  return all;
}

function call(by: ClientHttp2Session, path: string): ClientHttp2Stream {
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  return by.request(headers).on("error", () => {});
}

/** Sends an empty request, and waits for its answer. */
async function ask(by: ClientHttp2Session): Promise<void> {
  await once(call(by, STATUS).end(message(0)).resume(), "end");
}

describe("of a server", () => {
  class Watched extends Guests {
    heldBytes = 0;

    override hold(peer: string, bytes: number): void {
      this.heldBytes += bytes;
      super.hold(peer, bytes);
    }
  }
  const backend = {
    status: async () => create(StatusResponseSchema),
    async *watch(requests: AsyncIterable<unknown>) {
      for await (const _ of requests) yield create(WatchResponseSchema);
    },
  } as unknown as Backend;
  let guests: Watched;
  let served: Served;
  let session: ClientHttp2Session;
  beforeEach(async () => {
    guests = new Watched();
    served = await serveBackend({
      host: "127.0.0.1",
      port: 0,
      credentials: ServerCredentials.createInsecure(),
      backendFor: () => backend,
      guests,
    });
    session = connect(`http://127.0.0.1:${served.port}`).on("error", () => {});
  });
  afterEach(async () => {
    session.destroy();
    guests.close();
    await served.close();
  });

  test("a call counts with what has come of it until it is answered, or given up", async () => {
    await ask(session);
    await eventually("nothing to be kept of one that was answered", () => guests.heldBytes === 0);
    const half = call(session, STATUS);
    half.write(message(2 * MIB, MIB));
    await eventually("half of one to be counted", () => guests.heldBytes > MIB);
    half.close(constants.NGHTTP2_CANCEL);
    await eventually("nothing to be kept of one that was given up", () => guests.heldBytes === 0);
    call(session, STATUS).write(message(2 * MIB, MIB));
    await eventually("half of one to be counted", () => guests.heldBytes > MIB);
    session.destroy();
    await eventually("nothing to be kept of a connection that is lost", () => guests.heldBytes === 0);
  });

  test("a stream's message that is too long ends the connection as soon as it begins; one that is not is read", async () => {
    const stream = call(session, WATCH);
    // An unknown field of protobuf: number 15, so many bytes of it.
    const longest = message(STREAM_REQUEST_BYTES_MAX);
    longest.set([0x7a, 0x80 | ((STREAM_REQUEST_BYTES_MAX - 3) & 0x7f), (STREAM_REQUEST_BYTES_MAX - 3) >> 7], 5);
    stream.write(longest);
    await once(stream, "data");
    await ask(session);
    stream.write(message(STREAM_REQUEST_BYTES_MAX + 1, 0));
    await eventually("the connection to be cut", () => session.destroyed);
  });
});

describe("of a front", () => {
  const ground = new Ground();
  afterEach(() => ground.close());

  test("a worker that sends one half of a request after the other is cut, before it has sent what it may at once", async () => {
    const manager = await ground.manager();
    const { caPem, certPem, keyPem } = (await ground.member(manager)).identity.tls();
    const tls: SecureClientSessionOptions = { ca: caPem, cert: certPem, key: keyPem, checkServerIdentity: () => undefined };
    const session = connect(`https://127.0.0.1:${manager.port}`, tls).on("error", () => {});
    ground.onClose(() => session.destroy());
    // Known from its first call on.
    await ask(session);
    for (let n = 0; n < 9; n++) call(session, STATUS).write(message(4 * MIB, 4 * MIB - 1));
    await eventually("the connection to be cut", () => session.destroyed, 45_000);
  });
});

test.each([1, 2, 4, 5, 7, 8_192, 1_000_000])("a message's length is known from its beginning, in pieces of %i bytes", (size) => {
  const bytes = Buffer.concat([message(3), message(0), message(70_000), message(9), message(80_000, 0)]);
  const lengths = new Lengths();
  const found: number[] = [];
  for (let at = 0; at < bytes.length; at += size) found.push(lengths.longest(bytes.subarray(at, at + size)));
  const last = Math.ceil(bytes.length / size) - 1;
  expect(found.indexOf(80_000)).toBe(last);
  expect(Math.max(...found.slice(0, last), 0)).toBe(size > 70_000 ? 0 : 70_000);
});
