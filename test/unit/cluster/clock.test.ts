import { expect, test } from "vitest";
import { systemClock } from "../../../host/cluster/clock.ts";

test("what is called off does not run", async () => {
  const ran: string[] = [];
  const off = systemClock.after(1, () => ran.push("called off"));
  off();
  await new Promise<void>((done) => {
    systemClock.after(5, () => {
      ran.push("ran");
      done();
    });
    setTimeout(() => {}, 20); // the clock's own timers do not keep the process alive
  });
  expect(ran).toEqual(["ran"]);
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
});
