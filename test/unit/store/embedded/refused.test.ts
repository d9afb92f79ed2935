// Refusals of the store's thread, by name.

import { expect, test } from "vitest";
import { failure } from "../../../../host/store/backend.ts";
import { Refused } from "../../../../host/store/embedded/refused.ts";

test("a refusal says by name which of etcd's failures it is", () => {
  const refused = new Refused("compacted");
  expect(refused).toBeInstanceOf(Error);
  expect(failure(refused.which).message).toBe("etcdserver: mvcc: required revision has been compacted");
});
