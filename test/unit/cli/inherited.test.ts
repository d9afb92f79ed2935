import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { expect, test } from "vitest";

const INHERITED = new URL("../../../host/cli/inherited.ts", import.meta.url).href;
const LOW = 5;
const HIGH = 251;
const TELL = `for fd in ${LOW} ${HIGH}; do [ ! -e /proc/$$/fd/$fd ] || echo $fd; done`;

/** Which of descriptors 5 and 251 a program has that is started by one that was given both, and ran `script` before. */
function passedOn(script: string): string[] {
  const nothing = openSync("/dev/null", "r");
  try {
    const given = Array.from({ length: HIGH - 2 }, (_, i) => (i + 3 === LOW || i + 3 === HIGH ? nothing : ("ignore" as const)));
    const start = `process.getBuiltinModule("node:child_process").spawnSync("sh", ["-c", ${JSON.stringify(TELL)}], { stdio: "inherit" });`;
    const argv = ["--input-type=module", "-e", `${script}\n${start}`];
    const { stdout, status } = spawnSync(process.execPath, argv, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit", ...given] });
    expect(status).toBe(0);
    return stdout.split("\n").filter((line) => line !== "");
  } finally {
    closeSync(nothing);
  }
}

test("what this program was given is not passed on; without this, what has a high number is", () => {
  expect(passedOn("")).toEqual([String(HIGH)]);
  expect(passedOn(`(await import(${JSON.stringify(INHERITED)})).closeInherited();`)).toEqual([]);
});
