import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostResolvConf, hostsFile } from "../../../host/sandbox/resolver.ts";

let directory: string;
const file = (name: string, text: string) => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-resolver-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

test("the host's resolvers, but for those on its loopback", () => {
  const path = file(
    "mixed",
    "search lan\nnameserver 127.0.0.53\nnameserver ::1\n nameserver ::ffff:127.0.0.1\nnameserver 1.2.3.4\nnameserver ::12\n",
  );
  expect(hostResolvConf([path])).toBe("search lan\nnameserver 1.2.3.4\nnameserver ::12\n");
});

test("a stub's own file is used where the first has only the stub", () => {
  const stub = file("stub", "nameserver 127.0.0.53\noptions edns0\n");
  const real = file("real", "nameserver 9.9.9.9\n");
  expect(hostResolvConf([stub, real])).toBe("nameserver 9.9.9.9\n");
  expect(hostResolvConf([stub, join(directory, "missing")])).toBe("options edns0\n");
  expect(hostResolvConf([join(directory, "missing")])).toBe("");
});

test("the hosts file has the container's own name", () => {
  expect(hostsFile("c1", ["10.0.0.2", "fd00::2"])).toBe(
    "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n10.0.0.2\tc1\nfd00::2\tc1\n",
  );
});

test("only the lines of its own name change, whatever it wrote besides", () => {
  const before = `${hostsFile("c1", ["10.0.0.2", "fd00::2"])}10.9.9.9\tdb c1.lan`;
  expect(hostsFile("c1", ["10.0.1.7"], before)).toBe(
    "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n10.9.9.9\tdb c1.lan\n10.0.1.7\tc1\n",
  );
});

test.each(["000", "077"])("all may read them and root alone may change them, by umask %s too", (umask) => {
  const module = new URL("../../../host/sandbox/resolver.ts", import.meta.url).href;
  const program = `(await import("${module}")).writeNames("${directory}", "web", ["10.0.0.2"]);`;
  const words = ["-c", `umask ${umask}; exec "$@"`, "sh", process.execPath, "--input-type=module", "-e", program];
  for (const name of ["hosts", "resolv.conf"]) rmSync(join(directory, name), { force: true });
  execFileSync("sh", words);
  expect(["hosts", "resolv.conf"].map((name) => statSync(join(directory, name)).mode & 0o777)).toEqual([0o644, 0o644]);
});
