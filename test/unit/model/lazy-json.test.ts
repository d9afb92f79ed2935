import { expect, test } from "vitest";
import { LazyJson, lazyList, lazyMap, lazyObjects } from "../../../host/model/lazy-json.ts";

async function* batches<T>(...all: T[][]): AsyncGenerator<T[]> {
  yield* all;
}

test("is the JSON of what it stands for, in the order of its fields", async () => {
  const seen: number[] = [];
  const numbers = async function* () {
    for (const batch of [[1, 2], [], [3]]) {
      seen.push(...batch);
      yield batch;
    }
  };
  const tree = {
    name: 'a "quoted" one',
    gone: undefined,
    numbers: lazyList(numbers()),
    sum: async () => seen.reduce((sum, number) => sum + number, 0),
    inner: { map: lazyMap(batches<[string, unknown]>([["k,", { v: null }]], [["l", [true]]])), none: lazyList(batches()), empty: {} },
    list: ["plain", { of: "things" }],
  };
  let text = "";
  for await (const piece of new LazyJson(tree).pieces()) text += piece;
  expect(text).toBe(
    JSON.stringify({
      name: 'a "quoted" one',
      numbers: [1, 2, 3],
      sum: 6,
      inner: { map: { "k,": { v: null }, l: [true] }, none: [], empty: {} },
      list: ["plain", { of: "things" }],
    }),
  );
});

test("objects in a list may be as lazy", async () => {
  const objects = async function* () {
    yield { id: 1, has: lazyList(batches(["a"])) };
    yield { id: 2, later: () => "b" };
  };
  expect(await new LazyJson({ found: lazyObjects(objects()) }).whole()).toEqual({
    found: [
      { id: 1, has: ["a"] },
      { id: 2, later: "b" },
    ],
  });
});

test("no more of it is made than is read, and what fails is told", async () => {
  let made = 0;
  const long = async function* () {
    for (;;) {
      if (++made > 3) throw new Error("the end");
      yield ["x".repeat(40_000)];
    }
  };
  const pieces = new LazyJson({ long: lazyList(long()) }).pieces();
  expect((await pieces.next()).value?.length).toBeGreaterThan(65_536);
  expect(made).toBe(2);
  await expect(pieces.next()).rejects.toThrow("the end");
});

test("whole, it has an end: whoever asks for more than a message takes is told so, and no more of it is made", async () => {
  let made = 0;
  const endless = async function* () {
    for (;;) {
      made++;
      yield ["x".repeat(1024 ** 2)];
    }
  };
  await expect(new LazyJson({ endless: lazyList(endless()) }).whole()).rejects.toThrow("too long to be given at once");
  expect(made).toBeLessThan(40);
});
