// What watch streams ask of a real etcd besides events: the revision at this moment.

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { WatchedEtcd } from "../../../../host/store/etcd/watched.ts";
import { RangeResponseSchema } from "../../../../host/store/generated/rpc_pb.js";

test("those who ask at once are one question, and none has an answer from before it asked", async () => {
  let revision = 7n;
  let asked = 0;
  const answers: (() => void)[] = [];
  const etcd = new WatchedEtcd({
    async range() {
      asked++;
      const header = { revision, clusterId: 3n };
      await new Promise<void>((resolve) => answers.push(resolve));
      return create(RangeResponseSchema, { header });
    },
    open: () => {
      throw new Error("nobody watches");
    },
  });
  const first = etcd.now();
  await Promise.resolve();
  revision = 8n;
  const later = [etcd.now(), etcd.now()];
  expect([asked, answers.length]).toEqual([1, 1]);
  answers[0]();
  expect([await first, etcd.revision]).toEqual([7n, 7n]);
  await new Promise((resolve) => setImmediate(resolve));
  revision = 5n; // put back
  answers[1]();
  expect(await Promise.all(later)).toEqual([8n, 8n]);
  expect(asked).toBe(2);
  const after = etcd.now();
  await new Promise((resolve) => setImmediate(resolve));
  answers[2]();
  expect(await after).toBe(5n);
  expect(etcd.header(4n)).toMatchObject({ revision: 4n, clusterId: 3n });
});
