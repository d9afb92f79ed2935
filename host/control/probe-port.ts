// The port of the network of probes: to a worker a descriptor like a TAP's, a frame a read or write with its virtio-net header in front; behind it
// no interface but this thread. Two UDP sockets on loopback, connected to each other, keep frames apart as a TAP does:
//
//   worker  fd ◄══ 127.0.0.1 ══► node:dgram  main thread
//
// What is sent here is a frame of the data path: it leaves by the workers and the data port. Main thread.

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { VNET_HEADER_BYTES } from "../sys/constants.ts";
import { closeFd } from "../sys/fd.ts";
import { localPort, openLoopback } from "../sys/udp.ts";

const LOOPBACK = "127.0.0.1";

export interface ProbePort {
  /** For the port table. */
  readonly fd: number;
  /** Hands a frame (from its Ethernet header on) to the data path. What it has no room for is lost, as on any wire. */
  send(frame: Uint8Array): void;
  /** Who gets the frames that come; they may be kept. */
  onFrame(handler: (frame: Uint8Array) => void): void;
  /** Closes both ends, once no worker uses the descriptor any more. */
  close(): void;
}

/** Opens one. It keeps no process alive. Rejects with SysError (EMFILE) or what node:dgram says, with nothing open. */
export async function openProbePort(): Promise<ProbePort> {
  const socket = createSocket("udp4");
  let fd = -1;
  try {
    await begun(socket, "listening", () => socket.bind(0, LOOPBACK));
    fd = openLoopback(socket.address().port);
    await begun(socket, "connect", () => socket.connect(localPort(fd), LOOPBACK));
  } catch (error) {
    socket.close();
    if (fd !== -1) closeFd(fd);
    throw error;
  }
  socket.unref();
  // A refused send is a lost frame.
  socket.on("error", () => {});
  const header = new Uint8Array(VNET_HEADER_BYTES);
  return {
    fd,
    send: (frame) => socket.send([header, frame], () => {}),
    onFrame: (handler) => {
      socket.on("message", (message: Buffer) => {
        if (message.length > VNET_HEADER_BYTES) handler(message.subarray(VNET_HEADER_BYTES));
      });
    },
    close: () => {
      socket.close();
      closeFd(fd);
    },
  };
}

async function begun(socket: Socket, event: "listening" | "connect", start: () => void): Promise<void> {
  const done = once(socket, event);
  start();
  await done;
}
