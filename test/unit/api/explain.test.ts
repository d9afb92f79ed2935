import { describe, expect, test } from "vitest";
import { explain } from "../../../host/api/explain.ts";
import { LOCAL_OPERATIONS, MANAGER_OPERATIONS } from "../../../host/model/cluster/operations.ts";

const SCHEMAS = { ...MANAGER_OPERATIONS, ...LOCAL_OPERATIONS };

/** What is told about an input that its schema refuses. */
function told(name: keyof typeof SCHEMAS, input: unknown): string {
  const { success, error } = SCHEMAS[name].safeParse(input);
  if (success) throw new Error("accepted");
  return explain(error.issues, input);
}

describe("explain", () => {
  test.each([
    ["network.create", null, "expected object, not nothing (null)"],
    ["network.create", [], "expected object, not a list"],
    ["network.create", {}, "Name: is missing"],
    ["network.create", { Name: "" }, "Name: is empty"],
    ["network.create", { Name: 7 }, "Name: expected string, not number"],
    ["network.create", { Name: "x".repeat(256) }, "Name: at most 255 characters"],
    ["network.create", { Name: "a", Ingress: true }, 'there is no field "Ingress"'],
    ["network.create", { Name: "a", IPAM: { Config: [{ Subnet: 1 }] } }, "IPAM.Config[0].Subnet: expected string, not number"],
    ["network.create", { Name: "a", IPAM: { Config: [{ Gatway: "" }] } }, 'IPAM.Config[0]: there is no field "Gatway"'],
    ["network.create", { Name: "a", Labels: { ["x".repeat(256)]: "" } }, /^Labels\.x+: the name of an entry: at most 255 characters$/],
    ["network.rm", { names: [] }, "names: is empty"],
    ["network.rm", { names: Array(257).fill("a") }, "names: at most 256 entries"],
    ["token.show", { role: "boss" }, "role: expected worker or manager"],
    ["node.register", { name: "a", vtep: "", manager: null, incarnation: -1, version: "" }, "incarnation: at least 0"],
    ["endpoint.create", { id: "x", network: "n", name: "", container: null }, /^id: Invalid string/],
  ] as const)("%s %j", (name, input, words) => {
    if (typeof words === "string") expect(told(name, input)).toBe(words);
    else expect(told(name, input)).toMatch(words);
  });
});
