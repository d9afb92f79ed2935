import { afterAll, beforeAll, expect, test } from "vitest";
import { closeFd } from "../../../host/sys/fd.ts";
import { txDropped } from "../../../host/sys/net-dev.ts";
import { closeNetnsThread, openStatisticsIn } from "../../../host/sys/netns-thread.ts";
import { ipBatch } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

const INTERFACES = 200;

describeNetns("a namespace's counters from outside", [], () => {
  let lab: Lab;
  let netns: string;
  let fd: number;
  beforeAll(async () => {
    lab = await Lab.open();
    netns = await lab.namespace("a");
    fd = await openStatisticsIn(`/run/netns/${netns}`);
  });
  afterAll(async () => {
    closeFd(fd);
    await closeNetnsThread();
    await lab?.close();
  });

  test("are those of that namespace as they are now, more than fit one read", async () => {
    expect(txDropped(fd, "v0")).toBeNull();
    await ipBatch(
      Array.from({ length: INTERFACES }, (_, i) => `link add v${i} type veth peer w${i}`),
      netns,
    );
    for (const name of ["v0", "v1", `v${INTERFACES - 1}`, `w${INTERFACES - 1}`]) expect(txDropped(fd, name)).toBe(0);
    expect(txDropped(fd, "v")).toBeNull();
  });

  test("of a namespace that is not there are an error that names it", async () => {
    await expect(openStatisticsIn("/run/netns/no-such")).rejects.toMatchObject({
      code: "ENOENT",
      what: expect.stringContaining("no-such"),
    });
  });
});
