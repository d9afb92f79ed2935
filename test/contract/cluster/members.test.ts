import { afterAll, expect, test } from "vitest";
import { Members } from "../../../host/cluster/members.ts";
import { nodeKey } from "../../../host/model/cluster/keys.ts";
import { eventually } from "../../../lab/wait.ts";
import { Ground } from "./manager.ts";

const ground = new Ground();
afterAll(() => ground.close());

test("members are those with a record; the manager's own node is one before it has it, not after; who goes is told", async () => {
  const manager = await ground.manager();
  const member = await ground.member(manager);
  const members = new Members(manager.store, "own");
  ground.onClose(() => members.close());
  const gone: string[] = [];
  const forget = members.onLeaving((id) => gone.push(id));
  expect([members.standing("own"), members.standing(member.node.id)]).toEqual(["member", "unknown"]);
  await eventually("the store to be read", () => members.standing("nobody") === "removed");
  expect([members.standing(member.node.id), members.standing(manager.identity.nodeId)]).toEqual(["member", "member"]);
  const { node: late } = await ground.member(manager);
  await eventually("the new member", () => members.standing(late.id) === "member");
  await manager.store.commit([], [{ delete: nodeKey(late.id) }, { put: nodeKey("own"), value: "{}" }]);
  await eventually("the node to go", () => members.standing(late.id) === "removed");
  await manager.store.commit([], [{ delete: nodeKey("own") }, { put: nodeKey("last"), value: "{}" }]);
  await eventually("the last event", () => members.standing("last") === "member");
  expect(members.standing("own")).toBe("removed");
  expect(gone).toEqual([late.id, "own"]);
  // As by a manager that has not heard of it yet: looked up, it is known.
  members.admit("guessed");
  expect(members.standing("guessed")).toBe("member");
  const race = manager.store.commit([], [{ put: nodeKey("hasty"), value: "{}" }]);
  await eventually("the hasty node", () => members.standing("hasty") === "member");
  await race;
  forget();
});
