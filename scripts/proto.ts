// `npm run proto`: makes host/store/generated (JavaScript and its types, committed) from host/store/proto. With a folder as argument it
// makes them there: a test compares, so that a changed .proto is never forgotten.

import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const root = dirname(import.meta.dirname);
const bin = join(root, "node_modules/.bin");
const out = resolve(process.argv[2] ?? join(root, "host/store/generated"));

rmSync(out, { recursive: true, force: true });
const template = { version: "v2", plugins: [{ local: join(bin, "protoc-gen-es"), out, opt: ["target=js+dts", "import_extension=js"] }] };
const { status } = spawnSync(join(bin, "buf"), ["generate", "host/store/proto", "--template", JSON.stringify(template)], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = status ?? 1;
