import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadAuthority } from "../../../host/cluster/bootstrap.ts";
import { makeRequest, newKey } from "../../../host/cluster/certificate.ts";
import { Identity } from "../../../host/cluster/identity.ts";
import { StateDir } from "../../../host/cluster/state-dir.ts";
import { Ground, type Manager } from "./manager.ts";

const ground = new Ground();
let manager: Manager;
beforeAll(async () => {
  manager = await ground.manager();
});
afterAll(() => ground.close());

async function issue(request: Uint8Array, nodeId: string) {
  const authority = await loadAuthority(manager.state);
  const holder = { nodeId, clusterId: manager.record.id, role: "worker" as const, hosts: [] };
  return { certificate: await authority.issue(request, holder, Date.now()), authority: authority.certificate };
}

test("what is missing or does not belong together is named", async () => {
  const state = StateDir.open(ground.folder());
  ground.onClose(() => state.close());
  const refused = () => {
    try {
      new Identity(state);
      return "taken";
    } catch (error) {
      return (error as Error).message.replace(state.path, "DIR");
    }
  };
  const key = newKey();
  expect(refused()).toBe("state directory DIR: key.pem is missing: weft leave --force and join again, or, of a manager, weft restore");
  state.writeKey(key);
  const { certificate, authority } = await issue(await makeRequest(key), "n");
  state.writeCertificate(certificate);
  expect(refused()).toMatch("ca.pem is missing");
  state.writeAuthority(authority);
  expect(refused()).toBe("taken");
  state.writeKey(newKey());
  expect(refused()).toBe("state directory DIR: the certificate is not of the key in key.pem");
  state.writeKey(key);
  state.writeAuthority((await ground.manager()).state.authority() ?? "");
  expect(refused()).toBe("state directory DIR: the certificate is not signed by the CA in ca.pem");
});

test("what is damaged is named", async () => {
  const { state } = await ground.member(manager);
  for (const name of ["key.pem", "cert.pem", "ca.pem"]) {
    const file = join(state.path, name);
    const whole = readFileSync(file);
    for (const rest of [0, whole.length >> 1]) {
      writeFileSync(file, whole.subarray(0, rest));
      expect(() => new Identity(state)).toThrow(`state directory ${state.path}: ${name} is damaged: weft leave --force and join again`);
    }
    writeFileSync(file, whole);
  }
  expect(new Identity(state).nodeId).toBe(state.node()?.id);
});

test("a renewed certificate is on disk and told; one of another node or key changes nothing", async () => {
  const { state, identity, node } = await ground.member(manager);
  const before = identity.tls();
  let told = 0;
  const forget = identity.onChange(() => told++);
  await expect(identity.renew((request) => issue(request, "another"))).rejects.toThrow("the new certificate is of another node (another)");
  await expect(identity.renew(async () => issue(await makeRequest(newKey()), node.id))).rejects.toThrow("is not of the key");
  expect([identity.tls(), told]).toEqual([before, 0]);
  await identity.renew((request) => issue(request, node.id));
  expect(told).toBe(1);
  expect(identity.tls().certPem).not.toBe(before.certPem);
  expect(new Identity(state).tls()).toEqual(identity.tls());
  forget();
  await identity.renew((request) => issue(request, node.id));
  expect(told).toBe(1);
});
