// Free TCP ports on loopback, for servers that must be told theirs before they start. Below those that the kernel gives away (ip_local_port_range, from
// 32768 up): one of these would sooner or later be a client's before its server has it, or while it is being started again.

import { once } from "node:events";
import { createServer } from "node:net";

const FIRST = 10_000;
const COUNT = 10_000;
/** Every process begins elsewhere, and none has the same port twice. */
let next = (process.pid * 97) % COUNT;

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

/** As many different ports as asked for, free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === COUNT) throw new Error(`no ${count} free ports from ${FIRST} to ${FIRST + COUNT - 1}`);
    const port = FIRST + (next++ % COUNT);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}
