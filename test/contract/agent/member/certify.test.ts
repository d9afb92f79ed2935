// Certificates from the future, since a clock was wrong when they were made: nobody can ask who has one, and both a manager and a worker come by good
// ones while they run.

import { afterAll, expect, test } from "vitest";
import { certify } from "../../../../host/agent/member/certify.ts";
import type { Membership } from "../../../../host/agent/member/membership.ts";
import { loadAuthority } from "../../../../host/cluster/bootstrap.ts";
import { CLUSTER_KEY } from "../../../../host/model/cluster/keys.ts";
import type { MemberOptions } from "../../../../host/model/cluster/start.ts";
import { Ground, type Manager, type Member } from "../../cluster/manager.ts";

const AHEAD_MS = 40 * 86_400_000;
const TEST_MS = 30_000;
const ground = new Ground();
afterAll(() => ground.close());

/** `address`: of its own front. */
function renew({ state, identity }: Manager | Member, join: MemberOptions["join"], address: string | null): Promise<void> {
  const node = state.node();
  if (!node) throw new Error("no member");
  const cluster = { id: node.clusterId, managers: node.managers };
  const membership = { state, identity, node, vtep: node.vtep, manager: address, cluster } as Membership;
  const options = { join, name: node.name, store: { kind: "embedded" } } as MemberOptions;
  return identity.renew((request) => certify(options, membership, request));
}

test("a manager makes its own, a worker has one by its token", { timeout: TEST_MS }, async () => {
  const manager = await ground.manager();
  const member = await ground.member(manager);
  const authority = await loadAuthority(manager.state);
  const clusterId = manager.record.id;
  for (const { identity } of [manager, member]) {
    const holder = { nodeId: identity.nodeId, clusterId, role: identity.role, hosts: [] };
    await identity.renew(async (request) => ({
      certificate: await authority.issue(request, holder, Date.now() + AHEAD_MS),
      authority: authority.certificate,
    }));
  }
  manager.store.refresh();
  member.store.refresh();
  await expect(member.store.get(CLUSTER_KEY)).rejects.toThrow("its certificate is not valid yet, or this host's clock is wrong");
  await expect(manager.store.get(CLUSTER_KEY)).rejects.toThrow("its certificate is not valid yet");

  await renew(manager, null, manager.address);
  manager.store.refresh();
  expect(manager.identity.facts()).toMatchObject({ role: "manager", clusterId });
  expect(await manager.store.get(CLUSTER_KEY)).not.toBe(null);
  await expect(member.store.get(CLUSTER_KEY)).rejects.toMatchObject({ failure: "unauthenticated" });

  // It has read that address from the command line; those that it knew are asked as well.
  const join = { token: await manager.token("worker"), managers: ["127.0.0.1:1"] };
  await renew(member, join, null);
  member.store.refresh();
  expect(member.identity.facts().notBefore).toBeLessThan(Date.now());
  expect(await member.store.get(CLUSTER_KEY)).not.toBe(null);

  // A good one is enough by itself.
  await renew(member, { token: "rubbish", managers: [] }, null);
});
