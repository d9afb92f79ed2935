import { expect, test } from "vitest";
import { shown } from "../../../host/model/shown.ts";

test("letters of any script, and nothing that moves a cursor, ends a line or is too long", () => {
  const takes = (text: string) => shown(10).safeParse(text).success;
  expect(["", "web-1", "Größe 木", "x".repeat(10)].map(takes)).toEqual([true, true, true, true]);
  expect(["\u001b[2J", "a\nb", "\u0007", "\u009b1m", "\0", "x".repeat(11)].map(takes)).toEqual(Array(6).fill(false));
});
