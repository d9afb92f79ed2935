import { afterEach, describe, expect, test } from "vitest";
import { TX_SOCKETS } from "../../../assembly/abi/limits.ts";
import { closeSockets, openSockets, type WorkerSockets } from "../../../host/control/sockets.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { descriptors, kinds } from "../../netns/programs/descriptors.ts";
import { receiverOnFreePort } from "../worker/loopback.ts";

const WORKERS = 3;

describe.each([
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
])("the sockets of workers on $address", ({ address }) => {
  let open: WorkerSockets[] = [];
  afterEach(() => closeSockets(open.splice(0)));
  const freePort = () => {
    const { fd, port } = receiverOnFreePort();
    closeFd(fd);
    return port;
  };

  test("are a receiver, senders and a doorbell each, all of them different, and all of them go", () => {
    const before = kinds(descriptors());
    open = openSockets(WORKERS, { address, port: freePort() });
    const numbers = open.flatMap(({ receiver, senders, doorbell }) => [receiver, ...senders, doorbell.fd]);
    expect(numbers).toHaveLength(WORKERS * (TX_SOCKETS + 2));
    expect(new Set(numbers).size).toBe(numbers.length);
    closeSockets(open.splice(0));
    expect(kinds(descriptors())).toEqual(before);
  });

  test("are refused in one line when somebody has the port, with nothing left open", () => {
    const port = freePort();
    open = openSockets(1, { address, port });
    const before = kinds(descriptors());
    const again = () => openSockets(WORKERS, { address, port });
    expect(again).toThrow(OperationError);
    expect(again).toThrow(
      new RegExp(`^node\\.dataPort: UDP port ${port} on ${address} is in use: is another agent or a vxlan device there\\?$`),
    );
    expect(kinds(descriptors())).toEqual(before);
  });

  test("that fail otherwise leave nothing open either", () => {
    const before = kinds(descriptors());
    expect(() => openSockets(WORKERS, { address: "192.0.2.1", port: 4789 })).toThrow(/EADDRNOTAVAIL/);
    expect(kinds(descriptors())).toEqual(before);
  });
});
