import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readRecord, recordPath, removeRecord, writeRecord } from "../../../host/control/port-record.ts";

const PORTS = [
  { netnsPath: "/run/netns/a", interface: "eth0" },
  { netnsPath: "/proc/7/ns/net", interface: "eth1" },
];

describe("the record of ports", () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "weft-record-"));
    file = recordPath(join(directory, "deep", "weft.sock"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test("lies beside the socket", () => {
    expect(recordPath("/run/weft/weft.sock")).toBe("/run/weft/weft.sock.ports.json");
  });

  test("says what was written, and only where", () => {
    writeRecord(
      file,
      PORTS.map((port) => ({ ...port, fd: 7 })),
    );
    expect(readRecord(file)).toEqual(PORTS);
    writeRecord(file, PORTS.slice(1));
    expect(readRecord(file)).toEqual(PORTS.slice(1));
  });

  test("makes its directory, is for its owner alone, and leaves no other file", () => {
    writeRecord(file, PORTS);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, "deep"))).toEqual(["weft.sock.ports.json"]);
    writeRecord(file, []);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("is for its owner alone whatever a killed agent left half-written", () => {
    writeRecord(file, PORTS);
    writeFileSync(`${file}.new`, "[", { mode: 0o644 });
    chmodSync(`${file}.new`, 0o644);
    writeRecord(file, PORTS);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readRecord(file)).toEqual(PORTS);
  });

  test("that is not there says nothing", () => {
    expect(readRecord(file)).toEqual([]);
    removeRecord(file);
  });

  test("that was cut short anywhere says nothing", () => {
    writeRecord(file, PORTS);
    const whole = readFileSync(file);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(file, whole);
      truncateSync(file, length);
      expect(readRecord(file), `cut to ${length} bytes`).toEqual([]);
    }
  });

  test.each(['{"netnsPath":"a"}', '[{"netnsPath":"a"}]', '[{"netnsPath":1,"interface":"eth0"}]', "null", "[1]", "\0\0\0"])(
    "that is something else says nothing: %s",
    (text) => {
      writeRecord(file, []);
      writeFileSync(file, text);
      expect(readRecord(file)).toEqual([]);
    },
  );

  test("goes", () => {
    writeRecord(file, PORTS);
    removeRecord(file);
    expect(existsSync(file)).toBe(false);
  });
});
