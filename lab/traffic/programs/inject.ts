// Runs in a host: sends each line of its standard input, which is hexadecimal, as one UDP datagram. Arguments: ADDRESS PORT [LOCAL_ADDRESS].

import { createSocket } from "node:dgram";
import { createInterface } from "node:readline";

const [address, port, local] = process.argv.slice(2);
const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
const send = (payload: Buffer) =>
  new Promise<void>((resolve, reject) => socket.send(payload, Number(port), address, (error) => (error ? reject(error) : resolve())));
await new Promise<void>((resolve) => socket.bind(0, local, resolve));
for await (const line of createInterface({ input: process.stdin })) await send(Buffer.from(line, "hex"));
socket.close();
