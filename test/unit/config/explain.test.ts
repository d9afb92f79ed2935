import { expect, test } from "vitest";
import { z } from "zod";
import { explain, issuesOf } from "../../../host/config/explain.ts";

const schema = z.strictObject({ n: z.number(), t: z.string(), l: z.array(z.int()).max(1), b: z.boolean(), c: z.enum(["x", "y"]) });
const right = { n: 1, t: "", l: [1], b: true, c: "x" };

test.each([
  [{ ...right, n: "1" }, 'n: expected a number, got "1"'],
  [{ ...right, t: 5 }, "t: expected text, got 5"],
  [{ ...right, t: null }, "t: expected text, got nothing"],
  [{ ...right, l: {} }, "l: expected a list, got a map"],
  [{ ...right, l: [1, 2] }, "l: has 2 entries; at most 1 fit"],
  [{ ...right, l: [1.5] }, "l.0: expected a whole number, got 1.5"],
  [{ ...right, b: "no" }, 'b: expected true or false, got "no"'],
  [{ ...right, c: "z" }, 'c: expected x or y, got "z"'],
  [{ ...right, c: undefined }, "c: is required"],
  [{ ...right, N: 1 }, "N: unknown key (did you mean n?)"],
  [{ ...right, other: 1 }, "other: unknown key (known here: n, t, l)"],
  [[], ": expected a map of keys, got a list"],
])("%j: %s", (value, expected) => {
  const result = schema.safeParse(value, { error: explain });
  const issues = issuesOf(result.error as z.ZodError, () => ["n", "t", "l"]);
  expect(issues.map(({ path, message }) => `${path.join(".")}: ${message}`)).toEqual([expected]);
});

test("an unknown key is at the key, a missing one is told last", () => {
  const result = schema.safeParse({ ...right, n: undefined, m: 1 }, { error: explain });
  const issues = issuesOf(result.error as z.ZodError, () => ["n"]);
  expect(issues.find(({ path }) => path[0] === "m")?.key).toBe(true);
  expect(issues.find(({ path }) => path[0] === "n")?.missing).toBe(true);
});
