import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeFd } from "../../../host/sys/fd.ts";
import type { NetnsReply, NetnsRequest } from "../../../host/sys/netns-worker.ts";
import type { Tap } from "../../../host/sys/tap.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("the thread that enters namespaces", [], () => {
  let lab: Lab;
  let worker: Worker;
  let netns: string;
  const ask = async (request: NetnsRequest): Promise<NetnsReply> => {
    worker.postMessage(request);
    return (await once(worker, "message"))[0] as NetnsReply;
  };
  beforeAll(async () => {
    lab = await Lab.open();
    netns = `/run/netns/${await lab.namespace("a")}`;
    worker = new Worker(new URL("../../../host/sys/netns-worker.ts", import.meta.url));
  });
  afterAll(async () => {
    await worker.terminate();
    await lab?.close();
  });

  test("answers by number, with a TAP", async () => {
    const reply = await ask({ id: 41, action: "open", netns, name: "wtw0" });
    expect(reply).toMatchObject({ id: 41, value: { fd: expect.any(Number), offloads: { tso: true } } });
    closeFd((reply as { value: Tap }).value.fd);
    expect(await ask({ id: 42, action: "delete", netns, name: "wtw0" })).toEqual({ id: 42, value: null });
  });

  test("or with what the kernel said, in parts", async () => {
    expect(await ask({ id: 43, action: "open", netns: "/run/netns/no-such", name: "wtw0" })).toMatchObject({
      id: 43,
      error: { refusal: { syscall: "open", what: "/run/netns/no-such", errno: 2 } },
    });
    expect(await ask({ id: 44, action: "open", netns, name: "" })).toMatchObject({ id: 44, error: { refusal: null } });
  });
});
