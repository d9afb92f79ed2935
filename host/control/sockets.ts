// The sockets that workers use, opened on the main thread so that a worker's replacement finds them open: one receiver each on the data
// port, TX_SOCKETS senders each, one doorbell each.

import { TX_SOCKETS } from "../../assembly/abi/limits.ts";
import { OperationError } from "../model/errors.ts";
import { SysError } from "../sys/errno.ts";
import { EventFd } from "../sys/eventfd.ts";
import { closeFd } from "../sys/fd.ts";
import { openTunnelTap, type TunnelTap } from "../sys/tunnel-tap.ts";
import { openReceiver, openSender, type ReceiverOptions } from "../sys/udp.ts";

export interface WorkerSockets {
  receiver: number;
  senders: number[];
  /** The way of superframes that leave whole, where the kernel has it. */
  tunnelTap: TunnelTap | undefined;
  doorbell: EventFd;
}

/** Opens the sockets of `count` workers on the VTEP's address. Throws OperationError (data port in use) or SysError, with nothing left open. */
export function openSockets(count: number, options: Omit<ReceiverOptions, "first">): WorkerSockets[] {
  const open: WorkerSockets[] = [];
  try {
    for (let worker = 0; worker < count; worker++) {
      const sockets: WorkerSockets = { receiver: -1, senders: [], tunnelTap: undefined, doorbell: new EventFd() };
      open.push(sockets);
      sockets.receiver = receiverOn({ ...options, first: worker === 0 });
      for (let i = 0; i < TX_SOCKETS; i++) sockets.senders.push(openSender(options));
    }
    return open;
  } catch (error) {
    closeSockets(open);
    throw error;
  }
}

function receiverOn(options: ReceiverOptions): number {
  try {
    return openReceiver(options);
  } catch (error) {
    if (!(error instanceof SysError) || error.code !== "EADDRINUSE") throw error;
    const { address, port } = options;
    throw new OperationError(`node.dataPort: UDP port ${port} on ${address} is in use: is another agent or a vxlan device there?`, {
      cause: error,
    });
  }
}

/** Opens an underlay TAP for each worker, or for none: then what the kernel said is returned. */
export function openTunnelTaps(all: readonly WorkerSockets[]): SysError | undefined {
  for (const sockets of all) {
    try {
      sockets.tunnelTap = openTunnelTap();
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
      return error;
    }
  }
  return undefined;
}

/** Closes them; the workers have stopped. */
export function closeSockets(all: readonly WorkerSockets[]): void {
  for (const { receiver, senders, tunnelTap, doorbell } of all) {
    if (tunnelTap) closeFd(tunnelTap.fd);
    if (receiver >= 0) closeFd(receiver);
    for (const sender of senders) closeFd(sender);
    doorbell.close();
  }
}
