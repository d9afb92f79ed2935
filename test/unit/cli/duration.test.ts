import { expect, test } from "vitest";
import { ago, humanDuration } from "../../../host/cli/duration.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// The cases of go-units' own test.
test.each([
  [-5, "Less than a second"],
  [450, "Less than a second"],
  [1 * SECOND, "1 second"],
  [45 * SECOND, "45 seconds"],
  [46 * SECOND, "46 seconds"],
  [59 * SECOND, "59 seconds"],
  [60 * SECOND, "About a minute"],
  [1 * MINUTE, "About a minute"],
  [3 * MINUTE, "3 minutes"],
  [35 * MINUTE, "35 minutes"],
  [35 * MINUTE + 40 * SECOND, "35 minutes"],
  [45 * MINUTE, "45 minutes"],
  [59 * MINUTE, "59 minutes"],
  [1 * HOUR, "About an hour"],
  [1 * HOUR + 29 * MINUTE, "About an hour"],
  [1 * HOUR + 31 * MINUTE, "2 hours"],
  [1 * HOUR + 59 * MINUTE, "2 hours"],
  [3 * HOUR, "3 hours"],
  [3 * HOUR + 29 * MINUTE, "3 hours"],
  [3 * HOUR + 31 * MINUTE, "4 hours"],
  [1 * DAY, "24 hours"],
  [1 * DAY + 12 * HOUR, "36 hours"],
  [2 * DAY, "2 days"],
  [7 * DAY, "7 days"],
  [13 * DAY + 5 * HOUR, "13 days"],
  [2 * 7 * DAY, "2 weeks"],
  [3 * 7 * DAY + 4 * DAY, "3 weeks"],
  [4 * 7 * DAY + 3 * DAY, "4 weeks"],
  [2 * 30 * DAY, "2 months"],
  [23 * 30 * DAY, "23 months"],
  [1 * 365 * DAY, "12 months"],
  [24 * 30 * DAY, "24 months"],
  [2 * 365 * DAY, "2 years"],
  [3 * 365 * DAY + 2 * 30 * DAY, "3 years"],
])("%d ms are %s", (milliseconds, words) => {
  expect(humanDuration(milliseconds)).toBe(words);
});

test("ago", () => {
  expect(ago("2026-11-22T11:55:00.000Z", Date.parse("2026-11-22T12:00:00Z"))).toBe("5 minutes ago");
});
