// The port of the network of probes: to a worker a descriptor like a TAP's, a frame a read or write with its virtio-net header in front; behind it
// no interface but a thread. Two UDP sockets on loopback, connected to each other, keep frames apart as a TAP does:
//
//   worker  fd ◄══ 127.0.0.1 ══► hostFd  the thread that probes (host/cluster/probe/wire.ts)
//
// Both are the process's and stay as they are when that thread ends and another begins: workers do not notice. Main thread.

import { closeFd } from "../sys/fd.ts";
import { openLoopbackPair } from "../sys/udp.ts";

export interface ProbePort {
  /** For the port table. */
  readonly fd: number;
  /** What is written there is a frame of the data path: it leaves by the workers and the data port. */
  readonly hostFd: number;
  /** Closes both ends, once no worker and no thread uses a descriptor any more. */
  close(): void;
}

/** Opens one. Throws SysError (EMFILE), with nothing open. */
export function openProbePort(): ProbePort {
  const [hostFd, fd] = openLoopbackPair();
  return {
    fd,
    hostFd,
    close: () => {
      closeFd(hostFd);
      closeFd(fd);
    },
  };
}
