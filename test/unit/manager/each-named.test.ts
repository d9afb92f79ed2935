import { expect, test } from "vitest";
import { eachNamed, oneByOne } from "../../../host/manager/each-named.ts";
import { StoreError } from "../../../host/model/cluster/store.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";

test("those that can be done are done, the others are told", async () => {
  const answer = await eachNamed(["a", "b", "c", "d"], async (name) => {
    if (name === "b") throw new OperationError("b not found");
    if (name === "c") throw new UsageError("c\nis wrong");
    return name.toUpperCase();
  });
  expect(answer).toEqual({
    found: ["A", "D"],
    refused: [
      { name: "b", message: "b not found" },
      { name: "c", message: "c; is wrong" },
    ],
  });
});

test("a store that fails ends it", async () => {
  const fails = eachNamed(["a", "b"], async () => {
    throw new StoreError("unavailable", "no manager answers");
  });
  await expect(fails).rejects.toThrow("no manager answers");
});

test("none is begun before the one before it has been taken", async () => {
  const begun: string[] = [];
  const all = oneByOne(["a", "b"], async (name) => begun.push(name), []);
  await all.next();
  expect(begun).toEqual(["a"]);
});
