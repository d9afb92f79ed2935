// Contract: what is too much is refused by name, and nothing of it is done.

import { expect, test } from "vitest";
import type { World } from "./world.ts";

export function limitTests(world: World): void {
  test("a value of a megabyte is kept; more than a request may hold is refused", async () => {
    const { store, prefix } = world.here();
    const value = "ä".repeat(512 * 1024);
    await store.commit([], [{ put: `${prefix}large`, value }]);
    expect((await store.get(`${prefix}large`))?.value).toBe(value);
    for (const characters of [850 * 1024, 4 * 1024 * 1024]) {
      const refused = store.commit([], [{ put: `${prefix}larger`, value: "ä".repeat(characters) }]);
      await expect(refused).rejects.toMatchObject({ name: "StoreError", failure: "exhausted", message: expect.stringMatching(/large/) });
    }
    expect(await store.get(`${prefix}larger`)).toBeNull();
  });

  test("pages that are too large for one message are made smaller", async () => {
    const { store, prefix } = world.here();
    const value = "x".repeat(1024 * 1024);
    for (let n = 0; n < 40; n++) await store.commit([], [{ put: `${prefix}${n + 10}`, value }]);
    const { entries } = await store.list(prefix);
    expect(entries.map((entry) => [entry.key, entry.value.length])).toEqual(entries.map((_, n) => [`${prefix}${n + 10}`, value.length]));
    expect(entries.length).toBe(40);
    await store.commit([], [{ deletePrefix: prefix }]);
  });

  test("128 changes make a transaction; one more is refused", async () => {
    const { store, prefix } = world.here();
    const changes = Array.from({ length: 129 }, (_, n) => ({ put: `${prefix}${n}`, value: "" }));
    await expect(store.commit([], changes)).rejects.toMatchObject({ name: "StoreError", failure: "exhausted" });
    expect((await store.list(prefix)).entries).toEqual([]);
    expect((await store.commit([], changes.slice(1))).succeeded).toBe(true);
    expect((await store.list(prefix)).entries.length).toBe(128);
  });

  test("requests that make no sense are refused", async () => {
    const { store, prefix } = world.here();
    const invalid = { name: "StoreError", failure: "invalid" };
    await expect(store.commit([], [{ put: "", value: "" }])).rejects.toMatchObject(invalid);
    const twice = [{ put: `${prefix}a`, value: "1" }, { delete: `${prefix}a` }];
    await expect(
      store.commit(
        [],
        [
          { put: `${prefix}a`, value: "1" },
          { put: `${prefix}a`, value: "2" },
        ],
      ),
    ).rejects.toMatchObject(invalid);
    await expect(store.commit([], twice)).rejects.toMatchObject(invalid);
    await expect(store.commit([], [{ deletePrefix: prefix }, { put: `${prefix}a`, value: "" }])).rejects.toMatchObject(invalid);
  });
}
