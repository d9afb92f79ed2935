import { expect, test } from "vitest";
import { UsageError } from "../../../host/model/errors.ts";
import { signalName } from "../../../host/sandbox/signals.ts";

test.each(["SIGTERM", "TERM", "term", "15"])("%s is SIGTERM", (text) => {
  expect(signalName(text)).toBe("SIGTERM");
});

test.each(["STOP", "19", "0", "", "SIGNONE", "99"])("%j is refused, with what there is", (text) => {
  expect(() => signalName(text)).toThrow(UsageError);
  expect(() => signalName(text)).toThrow(/^signal .*: expected one of HUP, .*, KILL$/);
});
