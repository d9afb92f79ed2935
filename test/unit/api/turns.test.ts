import { expect, test } from "vitest";
import { turns } from "../../../host/api/turns.ts";

const MANY = 20;

test("many at once have a turn of the event loop each, in order", async () => {
  let loops = 0;
  let counting = true;
  const count = () => {
    loops++;
    if (counting) setImmediate(count);
  };
  count();
  const turn = turns();
  const had: [number, number][] = [];
  await Promise.all(Array.from({ length: MANY }, (_, n) => turn().then(() => had.push([n, loops]))));
  counting = false;
  expect(had.map(([n]) => n)).toEqual(Array.from({ length: MANY }, (_, n) => n));
  expect(new Set(had.map(([, loop]) => loop)).size).toBe(MANY);
});
