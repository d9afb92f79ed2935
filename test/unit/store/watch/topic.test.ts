// What watchers of the same hear.

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { WatchCreateRequest_FilterType as Filter, WatchCreateRequestSchema } from "../../../../host/store/generated/rpc_pb.js";
import { isWanted, nameOf, Topic, wantedOf } from "../../../../host/store/watch/topic.ts";
import { ALL, DELETE, Ear, event, header } from "./events.ts";

test("all of them are told the same object; who knows a part is told the rest", () => {
  const topic = new Topic(ALL, header);
  const [one, other, later] = [new Ear(), new Ear(), new Ear(3n)];
  for (const ear of [one, other, later]) topic.listeners.add(ear);
  topic.tell([event(2), event(3)], 4n);
  expect(other.told[0]).toBe(one.told[0]);
  expect([one.revisions, later.revisions]).toEqual([[2, 3], [3]]);
  expect([one.next, later.next]).toEqual([5n, 5n]);
});

test("only what they want, and what was before only if they ask", () => {
  const told = (wanted: object) => {
    const topic = new Topic({ ...ALL, ...wanted }, header);
    const ear = new Ear();
    topic.listeners.add(ear);
    topic.tell([event(2, { before: true }), event(3, { type: DELETE })], 3n);
    return ear.told.flatMap(({ events }) => events.map(({ type, prevKv }) => [type, prevKv !== undefined]));
  };
  expect(told({})).toEqual([
    [0, false],
    [1, false],
  ]);
  expect(told({ prevKv: true, noDelete: true })).toEqual([[0, true]]);
  expect(told({ noPut: true })).toEqual([[1, false]]);
  expect(told({ noPut: true, noDelete: true })).toEqual([]);
});

test("who asks for the same has the same name, and nobody else", () => {
  const named = (fields: object) => nameOf(wantedOf(create(WatchCreateRequestSchema, fields)));
  const different = [
    {},
    { key: Buffer.from("a") },
    { key: Buffer.from("a"), rangeEnd: Buffer.from("b") },
    { rangeEnd: Buffer.from("a") },
    { prevKv: true },
    { filters: [Filter.NOPUT] },
    { filters: [Filter.NODELETE] },
  ];
  expect(new Set(different.map(named)).size).toBe(different.length);
  expect(named({ watchId: 8n, startRevision: 3n, fragment: true, key: Buffer.from([0]) })).toBe(named({}));
  expect(isWanted(wantedOf(create(WatchCreateRequestSchema, { filters: [Filter.NOPUT] })), event(1))).toBe(false);
});
