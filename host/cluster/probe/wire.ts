// The probing thread's end of the port of the network of probes (host/control/probe-port.ts): frames from their Ethernet header on. It has a
// descriptor of its own for the socket, so that the thread may end at any time. Any thread.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { VNET_HEADER_BYTES } from "../../sys/constants.ts";
import { closeFd, duplicate } from "../../sys/fd.ts";
import { sendOn } from "../../sys/udp.ts";

export interface ProbeWire {
  /** Hands a frame to the data path. What it has no room for is lost, as on any wire. */
  send(frame: Uint8Array): void;
  /** Who gets the frames that come; they may be kept. */
  onFrame(handler: (frame: Uint8Array) => void): void;
  close(): void;
}

/** The wire behind a descriptor, which stays its owner's. Keeps no process alive. Rejects with SysError (EMFILE) or what node:dgram says, with nothing open. */
export async function openWire(hostFd: number): Promise<ProbeWire> {
  const socket = createSocket("udp4");
  const fd = duplicate(hostFd);
  try {
    const listening = once(socket, "listening");
    socket.bind({ fd, exclusive: true });
    await listening;
  } catch (error) {
    socket.close();
    closeFd(fd);
    throw error;
  }
  socket.unref();
  // What nobody listens to is a lost frame.
  socket.on("error", () => {});
  return {
    send: (frame) => {
      // The virtio-net header says nothing: all zeros.
      const datagram = new Uint8Array(VNET_HEADER_BYTES + frame.length);
      datagram.set(frame, VNET_HEADER_BYTES);
      sendOn(fd, datagram);
    },
    onFrame: (handler) => {
      socket.on("message", (message: Buffer) => {
        if (message.length > VNET_HEADER_BYTES) handler(message.subarray(VNET_HEADER_BYTES));
      });
    },
    close: () => socket.close(),
  };
}
