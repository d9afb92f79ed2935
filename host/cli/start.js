// What bin/weft starts: the program, with its modules found compiled. Node strips the types of some hundred files and compiles them at each start
// otherwise, which is most of a start's CPU. JavaScript, because a file in TypeScript would load the stripper before there is a cache.

import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

const GROUP_OR_OTHERS_WRITE = 0o022;

const directory = cacheDirectory();
// A call and no variable: what the program starts shall not inherit it.
if (directory !== null) enableCompileCache(directory);

// An import of a built-in module reads each property that it has, and behind these stand whole libraries that weft does not use.
hide(process, "allowedNodeEnvironmentFlags");
hide(process.getBuiltinModule("node:http"), "WebSocket", "CloseEvent", "MessageEvent");

await import("./main.ts");

function hide(target, ...names) {
  for (const name of names) Object.defineProperty(target, name, { enumerable: false });
}

/** One for this version of weft and of Node; what another version left goes. Null where there can be none: it would only be faster. */
function cacheDirectory() {
  try {
    const folder = join(cacheHome(), "weft");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    // What is in it is executed: nobody else may put anything there.
    if (uid !== process.geteuid?.() || (mode & GROUP_OR_OTHERS_WRITE) !== 0) return null;
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    const compiled = join(folder, "compiled");
    const name = `${version}-${process.version}`;
    if (mkdirSync(join(compiled, name), { recursive: true, mode: 0o700 }) !== undefined)
      for (const other of readdirSync(compiled)) if (other !== name) rmSync(join(compiled, other), { recursive: true, force: true });
    return join(compiled, name);
  } catch {
    return null;
  }
}

/** Root's does not depend on whose environment it was given (sudo). */
function cacheHome() {
  if (process.geteuid?.() === 0) return "/var/cache";
  const { XDG_CACHE_HOME } = process.env;
  return XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), ".cache");
}
