import { describe, expect, test } from "vitest";
import { C_DROPPED, COUNTERS } from "../../../assembly/abi/counter.ts";
import * as abi from "../../../assembly/abi/reason.ts";
import { REASON_LIST, reasonLabel } from "../../../host/model/reason.ts";

const constants = Object.entries(abi).filter(([name]) => name.startsWith("DROP_") && name !== "DROP_NONE");

describe("drop reasons", () => {
  test.each(constants)("%s has a label and one or two sentences", (name, number) => {
    const reason = REASON_LIST.find((r) => r.number === number);
    expect(reason?.label).toBe(name.slice("DROP_".length).toLowerCase());
    expect(reason?.text).toMatch(/^[A-Z].*\.$/);
    expect(reason?.text).not.toMatch(/\n/);
    expect(reason?.text.split(/[.:] /).length).toBeLessThanOrEqual(4);
  });

  test("the numbers are 1 to REASONS − 1, each once, and fit a row of counters", () => {
    expect(REASON_LIST.map((r) => r.number)).toEqual(Array.from({ length: abi.REASONS - 1 }, (_, i) => i + 1));
    expect(C_DROPPED + abi.REASONS).toBeLessThanOrEqual(COUNTERS);
  });

  test("no text is for a reason that does not exist", () => {
    expect(REASON_LIST.length).toBe(constants.length);
    expect(reasonLabel(abi.DROP_LOOPED)).toBe("looped");
    expect(reasonLabel(4000)).toBe("reason_4000");
  });
});
