import { describe, expect, test } from "vitest";
import { checked, isManagerOperation } from "../../../host/manager/check.ts";
import { UsageError } from "../../../host/model/errors.ts";

test("defaults are filled in", () => {
  expect(checked("network.rm", { names: ["blue"] })).toEqual({ names: ["blue"], force: false });
});

test("only managers' operations are known", () => {
  expect(["network.create", "container.run", "toString", ""].map(isManagerOperation)).toEqual([true, false, false, false]);
});

describe("refused in one line", () => {
  test.each<[Parameters<typeof checked>[0], unknown, string]>([
    ["network.create", {}, "network.create: Name is missing"],
    ["network.create", null, "network.create: input: expected object, received null"],
    ["network.create", { Name: "x", Colour: "blue", Shade: 1 }, "network.create: unknown field Colour, Shade"],
    ["network.create", { Name: "x", IPAM: { Config: [{ Net: "y" }] } }, "network.create: unknown field IPAM.Config.0.Net"],
    ["network.create", { Name: 5 }, "network.create: Name: expected string, received number"],
    ["network.create", { Name: "x", Labels: { a: 1 } }, "network.create: Labels.a: expected string, received number"],
    ["endpoint.create", { id: "5", network: "blue", name: "", container: null }, "endpoint.create: id: "],
    [
      "endpoint.create",
      { id: "a".repeat(64), network: "blue", name: "\u001b[2Jweb", container: null },
      "endpoint.create: name: has control characters",
    ],
    [
      "endpoint.create",
      { id: "a".repeat(64), network: "blue", name: "", container: null, aliases: ["\u0007"] },
      "endpoint.create: aliases.0: has control characters",
    ],
    ["node.rm", { names: [] }, "node.rm: names: "],
  ])("%s %j", (operation, input, message) => {
    expect(() => checked(operation, input)).toThrow(UsageError);
    expect(() => checked(operation, input)).toThrow(message);
    expect(() => checked(operation, input)).not.toThrow("\n");
  });
});
