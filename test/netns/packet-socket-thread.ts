// The thread of packet-socket.ts.

import { parentPort, workerData } from "node:worker_threads";
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from "../../host/sys/constants.ts";
import { check } from "../../host/sys/errno.ts";
import { bind, socket } from "../../host/sys/libc.ts";
import { enterNetns } from "../../host/sys/netns.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
/** sizeof(struct sockaddr_ll): family u16, protocol u16 in network order, interface i32, the rest unused here. */
const SOCKADDR_LL_BYTES = 20;

const { netns, etherType, ifindex } = workerData as { netns: string; etherType: number; ifindex: number };
const address = Buffer.alloc(SOCKADDR_LL_BYTES);
address.writeUInt16LE(AF_PACKET, 0);
address.writeUInt16BE(etherType, 2);
address.writeInt32LE(ifindex, 4);
enterNetns(netns);
// Protocol 0: nothing comes before bind() says what.
const fd = check(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket", "AF_PACKET");
check(bind(fd, address, address.length), "bind", `interface ${ifindex}`);
parentPort?.postMessage(fd);
