import { expect, test } from "vitest";
import { mapOf, optional, required } from "../../../host/config/key.ts";
import { flag, integer } from "../../../host/config/kinds.ts";

const keys = {
  size: required(integer(0, 9), "Size."),
  loud: optional(flag(), false, "Loud."),
  limit: optional(integer(0, 9) as never, null, "Limit.", { unit: "bytes", printed: "as large as it goes" }),
};

test("a map has its required keys, its defaults, and no other keys", () => {
  const { schema } = mapOf(keys);
  expect(schema.parse({ size: 3 })).toEqual({ size: 3, loud: false, limit: null });
  expect(schema.parse({ size: 3, loud: true, limit: 4 })).toEqual({ size: 3, loud: true, limit: 4 });
  expect(schema.safeParse({}).success).toBe(false);
  expect(schema.safeParse({ size: 3, other: 1 }).success).toBe(false);
  expect(schema.safeParse({ size: 3, loud: null }).success).toBe(false);
});

test("a declaration says its default and unit for the reference", () => {
  expect(keys.size.defaultText).toBeNull();
  expect(keys.loud.defaultText).toBe("false");
  expect(keys.limit).toMatchObject({ defaultText: "as large as it goes", unit: "bytes" });
});
