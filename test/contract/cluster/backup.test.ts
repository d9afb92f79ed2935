import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join as path } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readBackup, writeBackup } from "../../../host/cluster/backup.ts";
import { aliveKey, CLUSTER_KEY, networkKey, ROOT, tokenKey } from "../../../host/model/cluster/keys.ts";
import { Ground, type Manager } from "./manager.ts";

const ground = new Ground();
const file = () => path(ground.directory, "backup");
let manager: Manager;
beforeAll(async () => {
  manager = await ground.manager();
  const { id } = await manager.store.grantLease(60);
  await manager.store.commit(
    [],
    [
      { put: aliveKey("x"), value: "{}", lease: id },
      { put: networkKey("n"), value: '{"name":"zwei\\nZeilen","subnets":[]}' },
    ],
  );
});
afterAll(() => ground.close());

test("a backup is one private file with everything that hangs on no lease", async () => {
  const bytes = await writeBackup(manager.store, manager.state, file(), Date.UTC(2026, 0, 1));
  expect(statSync(file())).toMatchObject({ size: bytes });
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  const { head, lines } = readBackup(file());
  expect(head).toMatchObject({
    createdAt: "2026-01-01T00:00:00.000Z",
    clusterId: manager.record.id,
    node: manager.state.node(),
    authority: manager.state.authority(),
    authorityKey: manager.state.authorityKey(),
    key: manager.state.key(),
  });
  const { entries } = await manager.store.list(ROOT);
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    entries.filter(({ key }) => key !== aliveKey("x")).map(({ key, value }) => [key, value]),
  );
  expect(lines.map((line) => JSON.parse(line)[0])).toEqual(expect.arrayContaining([CLUSTER_KEY, tokenKey("worker"), networkKey("n")]));
});

test("only a manager can write one, and only where it may", async () => {
  const member = await ground.member(manager);
  await expect(writeBackup(manager.store, member.state, file(), 0)).rejects.toThrow("only a manager can write a backup");
  await expect(writeBackup(manager.store, manager.state, path(ground.directory, "no", "where"), 0)).rejects.toThrow(
    /no\/where: cannot be written/,
  );
});

test("a damaged or foreign file is refused by name", async () => {
  await writeBackup(manager.store, manager.state, file(), 0);
  const good = readFileSync(file());
  const refusal = (content: string | Buffer) => {
    const bad = path(ground.directory, "bad");
    writeFileSync(bad, content);
    try {
      readBackup(bad);
      return "taken";
    } catch (error) {
      return (error as Error).message.replace(bad, "FILE");
    }
  };
  expect(refusal(good)).toBe("taken");
  expect(refusal("")).toBe("FILE: not a backup of weft");
  expect(refusal("#!/bin/sh\n")).toBe("FILE: not a backup of weft");
  expect(refusal(good.toString().replace("weft-backup 1 ", "weft-backup 2 "))).toBe("FILE: a backup of version 2, and this weft knows 1");
  expect(refusal(good.subarray(0, good.length - 1))).toBe("FILE: damaged (its checksum does not fit)");
  for (const head of ["x", "null", "{}"]) {
    const hash = createHash("sha256").update(`${head}\n`).digest("hex");
    expect(refusal(`weft-backup 1 ${hash}\n${head}\n`)).toBe("FILE: not a backup of weft (its head cannot be read)");
  }
  const [, first, ...lines] = good.toString().trimEnd().split("\n");
  const made = (...body: string[]) => {
    const text = `${body.join("\n")}\n`;
    return refusal(`weft-backup 1 ${createHash("sha256").update(text).digest("hex")}\n${text}`);
  };
  expect(made(first, ...lines)).toBe("taken");
  expect(made(JSON.stringify({ ...JSON.parse(first), authorityKey: 7 }), ...lines)).toBe(
    "FILE: not a backup of weft (its head cannot be read)",
  );
  for (const line of ["{oops", "null", '["/weft/v1/cluster",7]', '["/registry/secrets/a","1"]', '["/weft/v1/a","1","2"]'])
    expect(made(first, lines[0], line, ...lines.slice(2))).toBe("FILE: not a backup of weft (line 4 is no entry of a cluster)");
  for (let at = 100; at < good.length; at += 997) {
    const flipped = Buffer.from(good);
    flipped[at] ^= 1;
    expect(refusal(flipped)).toMatch(/^FILE: damaged|^FILE: not a backup/);
  }
  expect(() => readBackup(path(ground.directory, "none"))).toThrow(/none: no such file or directory/i);
});
