import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Journal, type JournalEntry } from "../../../host/endpoint/journal.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-journal-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const ID = "ab".repeat(32);

function entry(state: JournalEntry["state"]): JournalEntry {
  const place = { netns: "/run/netns/x", netnsId: "4026531840", interface: "eth0", container: null };
  return { id: ID, network: "w1", ...place, state, record: null, networkRecord: null };
}

test("the next one knows what this one wrote", () => {
  new Journal(directory).write(entry("asked"));
  expect(new Journal(directory).entries).toEqual([entry("asked")]);
  expect(statSync(join(directory, `${ID}.json`)).mode & 0o777).toBe(0o600);
});

test("an entry is replaced, and removed, and nothing else is left", () => {
  const journal = new Journal(directory);
  journal.write(entry("asked"));
  journal.write(entry("leaving"));
  expect(JSON.parse(readFileSync(join(directory, `${ID}.json`), "utf8")).state).toBe("leaving");
  journal.remove(ID);
  expect(readdirSync(directory)).toEqual([]);
  expect(journal.get(ID)).toBeUndefined();
});

test("what cannot be written is named, and nothing is known of it then", () => {
  const journal = new Journal(directory);
  rmSync(directory, { recursive: true });
  expect(() => journal.write(entry("asked"))).toThrow(`${ID}.json: cannot be written: no such file or directory`);
  expect(journal.entries).toEqual([]);
});

test("a file that was cut short is left out, told of and removed, and so is what was being written; what that was to replace stands", () => {
  new Journal(directory).write(entry("asked"));
  writeFileSync(join(directory, `${ID}.json.new`), '{"id":"ab');
  writeFileSync(join(directory, `${ID}.json.123.4`), '{"id":"ab');
  expect(new Journal(directory).entries).toEqual([entry("asked")]);
  expect(readdirSync(directory)).toEqual([`${ID}.json`]);
  writeFileSync(join(directory, `${ID}.json`), '{"id":"ab');
  writeFileSync(join(directory, `${"cd".repeat(32)}.json.new`), "{}");
  const broken: string[] = [];
  const journal = new Journal(directory, (file, why) => broken.push(`${file}: ${why}`));
  expect(journal.entries).toEqual([]);
  expect([journal.isLost(ID), journal.isLost("cd".repeat(32))]).toEqual([true, false]);
  expect(broken).toEqual([expect.stringMatching(`^${join(directory, ID)}\\.json: .*JSON`)]);
  expect(readdirSync(directory)).toEqual([]);
});
