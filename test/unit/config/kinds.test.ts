import { describe, expect, test } from "vitest";
import * as kind from "../../../host/config/kinds.ts";

/** What a kind makes of a value, or what it says of it. */
function read<T>(of: kind.Kind<T>, value: unknown): T | string {
  const result = of.schema.safeParse(value);
  return result.success ? result.data : result.error.issues[0].message;
}

describe("kinds of values", () => {
  test.each<[string, kind.Kind<unknown>, unknown, unknown]>([
    ["integer, least", kind.integer(1, 64), 1, 1],
    ["integer, most", kind.integer(1, 64), 64, 64],
    ["flag", kind.flag(), false, false],
    ["choice", kind.choice("a", "b"), "b", "b"],
    ["inherit", kind.inheritOr(1, 255), "inherit", "inherit"],
    ["inherit or number", kind.inheritOr(1, 255), 255, 255],
    ["list", kind.list(kind.ip, 2), ["10.0.0.1", "::2"], ["10.0.0.1", "::2"]],
    ["one of many", kind.oneOrMany(kind.cidr, 2), "10.0.0.1/8", ["10.0.0.1/8"]],
    ["many", kind.oneOrMany(kind.cidr, 2), ["10.0.0.1/8", "::1/64"], ["10.0.0.1/8", "::1/64"]],
    ["name", kind.name, "Blue_1.a-b", "Blue_1.a-b"],
    ["ip", kind.ip, "FD00:0::1", "fd00::1"],
    ["mac", kind.mac, "02-42-0A-00-00-01", "02:42:0a:00:00:01"],
    ["interface", kind.interfaceName, "abcdefghijklmno", "abcdefghijklmno"],
    ["netns", kind.netns, "pcA", "pcA"],
    ["netns path", kind.netns, "/proc/1/ns/net", "/proc/1/ns/net"],
    ["socket", kind.socketPath, "/run/w.sock", "/run/w.sock"],
    ["metrics", kind.hostPort, "[fd00::1]:80", { host: "fd00::1", port: 80 }],
    ["metrics, all", kind.hostPort, "[::]:80", { host: "::", port: 80 }],
    ["metrics, name", kind.hostPort, "node-1.lan:80", { host: "node-1.lan", port: 80 }],
    ["no metrics", kind.hostPort, "off", null],
  ])("%s", (_, of, value, expected) => {
    expect(read(of, value)).toEqual(expected);
  });

  test.each<[string, kind.Kind<unknown>, unknown, string]>([
    ["integer", kind.integer(1, 64), 65, "65 is out of range (1..64)"],
    ["inherit", kind.inheritOr(1, 255), "yes", 'expected inherit or a whole number 1..255, got "yes"'],
    ["inherit, checked", kind.inheritOr(0, 9, (n) => (n === 3 ? "not 3" : null)), 3, "not 3"],
    ["name", kind.name, "a b", '"a b" is not a name'],
    ["interface", kind.interfaceName, "..", '".." is not an interface name'],
    ["interface", kind.interfaceName, "", '"" is not an interface name'],
    ["interface", kind.interfaceName, "a/b", "is not an interface name"],
    ["netns", kind.netns, "..", '".." is neither'],
    ["netns", kind.netns, `/${"a".repeat(4096)}`, "is neither"],
    ["socket", kind.socketPath, "/run/", "is not an absolute path of a socket"],
    ["metrics", kind.hostPort, "[10.0.0.1]:1", "brackets are for IPv6 addresses"],
    ["metrics", kind.hostPort, "a:0", "is neither HOST:PORT"],
    ["metrics", kind.hostPort, "::1:80", "is neither HOST:PORT"],
    ["metrics", kind.hostPort, "a_b:80", '"a_b" is not a host name'],
    ["metrics", kind.hostPort, "239.0.0.1:80", "is a multicast address"],
  ])("%s: refused", (_, of, value, message) => {
    expect(read(of, value)).toContain(message);
  });

  test("what is quoted stays on one short line", () => {
    expect(kind.quote("a\nb")).toBe('"a\\nb"');
    expect(kind.quote("x".repeat(500)).length).toBe(80);
    expect([null, [1], { a: 1 }, 5].map(kind.quote)).toEqual(["nothing", "a list", "a map", "5"]);
  });
});
