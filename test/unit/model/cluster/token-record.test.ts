import { expect, test } from "vitest";
import { hashOfSecret, SECRET_DIGITS, withNewSecret } from "../../../../host/model/cluster/token-record.ts";

test("a secret has 25 digits of base 36, however small its number", () => {
  expect(withNewSecret(null, (bytes) => new Uint8Array(bytes))).toEqual({ secret: "0".repeat(SECRET_DIGITS) });
  expect(withNewSecret(null, (bytes) => new Uint8Array(bytes).fill(255)).secret).toHaveLength(SECRET_DIGITS);
  expect(withNewSecret(null).secret).not.toBe(withNewSecret(null).secret);
});

test("rotation keeps the hashes of the last secrets, the newest first, and what else is in the record", () => {
  const first = { ...withNewSecret(null), note: "kept" };
  let record = withNewSecret(first);
  expect(record).toMatchObject({ note: "kept", rotated: [hashOfSecret(first.secret)] });
  const second = record.secret;
  for (let round = 0; round < 20; round++) record = withNewSecret(record);
  expect(record.rotated).toHaveLength(16);
  expect(record.rotated).not.toContain(hashOfSecret(second));
});
