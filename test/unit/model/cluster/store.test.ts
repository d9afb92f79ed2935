import { expect, test } from "vitest";
import { StoreError } from "../../../../host/model/cluster/store.ts";

test("an error of the store says what kind it is, and keeps its cause", () => {
  const cause = new Error("ECONNREFUSED");
  const error = new StoreError("unavailable", "no manager answers", { cause });
  expect(error).toMatchObject({ name: "StoreError", failure: "unavailable", message: "no manager answers", cause });
});
