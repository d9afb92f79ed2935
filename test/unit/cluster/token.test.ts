import { expect, test } from "vitest";
import { Authority } from "../../../host/cluster/ca.ts";
import { toDer } from "../../../host/cluster/certificate.ts";
import { formatToken, parseToken, pinOf, sameSecret } from "../../../host/cluster/token.ts";
import { withNewSecret } from "../../../host/model/cluster/token-record.ts";

const PIN = "0".repeat(50);
const SECRET = "z".repeat(25);

test("a token pins the CA and carries a secret", async () => {
  const { certificate } = await Authority.create("c", Date.now());
  const { secret } = withNewSecret(null);
  const text = formatToken({ pin: pinOf(certificate), secret });
  expect(text).toMatch(/^WFTKN-1-[0-9a-z]{50}-[0-9a-z]{25}$/);
  expect(parseToken(` ${text}\n`)).toEqual({ pin: pinOf(toDer(certificate)), secret });
});

test.each([
  ["", "not a token of weft"],
  ["SWMTKN-1-a-b", "not a token of weft (one begins with WFTKN-1-)"],
  ["WFTKN", "version ?"],
  [`WFTKN-2-${PIN}-${SECRET}`, "a token of version 2, and this weft knows 1"],
  [`WFTKN-1-${PIN}`, "cut short"],
  [`WFTKN-1-${PIN}-${SECRET}-`, "more parts than one"],
  [`WFTKN-1-${PIN}-${SECRET.slice(1)}`, "its secret has 24 characters, not 25"],
  [`WFTKN-1-${PIN.slice(1)}-${SECRET}`, "its CA's hash has 49 characters, not 50"],
])("%j is refused: %s", (text, message) => {
  expect(() => parseToken(text)).toThrow(message);
});

test("secrets are compared whole", () => {
  expect(sameSecret(SECRET, SECRET)).toBe(true);
  expect(sameSecret(SECRET, `${SECRET.slice(1)}y`)).toBe(false);
  expect(sameSecret(SECRET, "")).toBe(false);
});
