import { expect, test } from "vitest";
import { UndoStack } from "../../../host/agent/undo.ts";

test("last first, each once, however often it is asked for", async () => {
  const done: string[] = [];
  const undo = new UndoStack();
  undo.push(
    () => done.push("first"),
    () => done.push("second"),
  );
  undo.push(async () => done.push("third"));
  await Promise.all([undo.undo(), undo.undo()]);
  await undo.undo();
  expect(done).toEqual(["third", "second", "first"]);
});

test("goes on after an error, and rejects with the first", async () => {
  const done: string[] = [];
  const undo = new UndoStack();
  undo.push(
    () => done.push("first"),
    () => {
      throw new Error("later");
    },
    async () => {
      throw new Error("sooner");
    },
  );
  await expect(undo.undo()).rejects.toThrow("sooner");
  expect(done).toEqual(["first"]);
});
