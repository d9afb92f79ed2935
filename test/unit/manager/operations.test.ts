import { expect, test } from "vitest";
import { HANDLERS } from "../../../host/manager/operations.ts";
import { ROLES } from "../../../host/manager/roles.ts";
import { MANAGER_OPERATIONS } from "../../../host/model/cluster/operations.ts";

test("every operation of a manager is done by somebody, for somebody", () => {
  expect(Object.keys(HANDLERS).sort()).toEqual(Object.keys(MANAGER_OPERATIONS).sort());
  expect(Object.keys(ROLES).sort()).toEqual(Object.keys(MANAGER_OPERATIONS).sort());
});
