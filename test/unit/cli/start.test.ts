import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { VERSION } from "../../../host/model/version.ts";

const START = fileURLToPath(new URL("../../../host/cli/start.js", import.meta.url));
const NAME = `${VERSION}-${process.version}`;
const IS_ROOT = process.geteuid?.() === 0;
const NOBODY = 65534;
/** Who starts the program where it is not root who does. */
const USER = IS_ROOT ? { uid: NOBODY, gid: NOBODY } : {};

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "weft-start-"));
  own(home);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function own(path: string): void {
  if (IS_ROOT) chownSync(path, NOBODY, NOBODY);
}

function start(user: { uid?: number; gid?: number } = USER, cache = home) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", START, "--version"], {
    ...{ ...user, cwd: "/", encoding: "utf8", timeout: 20_000 },
    env: { PATH: process.env.PATH, XDG_CACHE_HOME: cache },
  });
  return { status, stdout, stderr };
}

const WORKED = { status: 0, stdout: `weft ${VERSION}\n`, stderr: "" };

function filesIn(folder: string): number {
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).length : 0;
}

test("what was compiled is kept for this version, for this user alone; what another version left goes", () => {
  const compiled = join(home, "weft", "compiled");
  expect(start()).toEqual(WORKED);
  expect(readdirSync(compiled)).toEqual([NAME]);
  expect(statSync(join(home, "weft")).mode & 0o777).toBe(0o700);
  const files = filesIn(join(compiled, NAME));
  expect(files).toBeGreaterThan(30);
  expect(start()).toEqual(WORKED);
  expect(filesIn(join(compiled, NAME))).toBe(files);

  rmSync(join(compiled, NAME), { recursive: true });
  mkdirSync(join(compiled, "0.0.9-v22.18.0"));
  own(compiled);
  expect(start()).toEqual(WORKED);
  expect(readdirSync(compiled)).toEqual([NAME]);
});

test("a folder in which others may write is not used", () => {
  const folder = join(home, "weft");
  mkdirSync(folder);
  own(folder);
  chmodSync(folder, 0o777);
  expect(start()).toEqual(WORKED);
  expect(filesIn(folder)).toBe(0);
});

test.runIf(IS_ROOT)("nor is one that is somebody else's", () => {
  const folder = join(home, "weft");
  mkdirSync(folder);
  expect(start()).toEqual(WORKED);
  expect(filesIn(folder)).toBe(0);
});

test("where none can be made the program starts without", () => {
  const file = join(home, "file");
  writeFileSync(file, "");
  expect(start(USER, file)).toEqual(WORKED);
});

test.runIf(IS_ROOT)("root's is not where an environment says", () => {
  expect(start({})).toEqual(WORKED);
  expect(filesIn(home)).toBe(0);
});
