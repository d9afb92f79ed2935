import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { assertCanRun, assertCapabilities, assertTunDevice } from "../../../host/sys/capabilities.ts";

test("what this process may do is told, or passes", () => {
  const root = process.getuid?.() === 0;
  if (root) assertCanRun();
  else expect(() => assertCanRun()).toThrow("run weft as root");
});

test("each missing capability is named", () => {
  assertCapabilities("CapEff:\t000001ffffffffff\n");
  expect(() => assertCapabilities("CapEff:\t0000000000000000\n")).toThrow(
    "missing CAP_NET_ADMIN (TAP devices, interfaces) and CAP_SYS_ADMIN (entering network namespaces): run weft as root",
  );
  expect(() => assertCapabilities("CapEff:\t0000000000001000\n")).toThrow(/^missing CAP_SYS_ADMIN .*: run weft as root$/);
  expect(() => assertCapabilities("CapEff:\t0000000000200000\n")).toThrow(/^missing CAP_NET_ADMIN .*: run weft as root$/);
});

test("a missing /dev/net/tun says what to do", () => {
  const directory = mkdtempSync(join(tmpdir(), "weft-"));
  const path = join(directory, "tun");
  expect(() => assertTunDevice(path)).toThrow(`open ${path}: No such file or directory (ENOENT): load it with \`modprobe tun\``);
  rmSync(directory, { recursive: true });
});
