// Puts figures into the README, between <!-- bench:begin --> and <!-- bench:end -->.

import { readFileSync, writeFileSync } from "node:fs";

const BLOCK = /(<!-- bench:begin -->\n)[\s\S]*?(<!-- bench:end -->)/;

/** Replaces the block. Throws when the file has none. */
export function writeBlock(path: string, text: string): void {
  const before = readFileSync(path, "utf8");
  if (!BLOCK.test(before)) throw new Error(`${path}: no block between <!-- bench:begin --> and <!-- bench:end -->`);
  writeFileSync(
    path,
    before.replace(BLOCK, (_, begin: string, end: string) => `${begin}${text}\n${end}`),
  );
}
