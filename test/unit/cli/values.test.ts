import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import {
  asFlag,
  asFlags,
  cidr,
  filtersOf,
  formatHostPort,
  hostPort,
  ipv4,
  ipv6,
  keyValue,
  mac,
  name,
  pair,
  path,
  signal,
  socketPath,
  whole,
} from "../../../host/cli/values.ts";
import { ValueError } from "../../../host/model/errors.ts";

describe("what flags take", () => {
  test.each([
    [ipv4, "10.0.0.1", "10.0.0.1"],
    [ipv6, "FD00::0:1", "fd00::1"],
    [mac, "02-42-0A-00-00-02", "02:42:0a:00:00:02"],
    [cidr, "10.0.0.0/24", "10.0.0.0/24"],
    [cidr, "FD00:1:0::/64", "fd00:1::/64"],
    [keyValue, "a=b=c", ["a", "b=c"]],
    [keyValue, "a", ["a", ""]],
    [pair, "label=a=b", ["label", "a=b"]],
    [name, "web-1.a_b", "web-1.a_b"],
    [path, "/a/../b", "/b"],
    [path, "x", `${process.cwd()}/x`],
    [hostPort(), "node-1.example:9477", { host: "node-1.example", port: 9477 }],
    [hostPort(), "[FD00::1]:80", { host: "fd00::1", port: 80 }],
    [hostPort(2377), "10.0.0.1", { host: "10.0.0.1", port: 2377 }],
    [hostPort(2377), "[fd00::1]", { host: "fd00::1", port: 2377 }],
    [signal, "TERM", "SIGTERM"],
    [signal, "sigusr1", "SIGUSR1"],
    [signal, "9", "SIGKILL"],
  ])("%s %s", (read, text, value) => {
    expect((read as (text: string) => unknown)(text)).toEqual(value);
  });

  test.each([
    [ipv4, "fd00::1", "Expected an IPv4 address"],
    [ipv4, "10.0.0.256", "is not an IP address"],
    [ipv4, "224.0.0.1", "multicast"],
    [ipv6, "10.0.0.1", "Expected an IPv6 address"],
    [mac, "01:00:5e:00:00:01", "multicast"],
    [mac, "2", "is not a MAC address"],
    [cidr, "10.0.0.0", "has no prefix length"],
    [cidr, "10.0.0.0/33", "prefix length"],
    [keyValue, "=b", "Expected KEY=VALUE"],
    [pair, "a", "Expected KEY=VALUE"],
    [name, "-a", "Expected a letter or digit"],
    [name, "a".repeat(64), "at most 63 characters"],
    [name, "", "Expected a letter or digit"],
    [path, "", "Expected a path"],
    [socketPath, `/${"x".repeat(107)}`, "The path has 108 bytes; that of a unix socket has at most 107"],
    [hostPort(), "10.0.0.1", "Expected HOST:PORT (IPv6 in brackets, port 1 to 65535)"],
    [hostPort(1), "10.0.0.1:0", "Expected HOST[:PORT]"],
    [hostPort(1), "a:65536", "Expected HOST[:PORT]"],
    [hostPort(1), "fd00::1", "Expected HOST[:PORT]"],
    [hostPort(1), "[10.0.0.1]:1", "Brackets are for IPv6 addresses"],
    [hostPort(1), "10.0.0.300:1", "is not an IP address"],
    [hostPort(1), "a_b:1", '"a_b" is not a host name'],
    [hostPort(1), "", "Expected HOST[:PORT]"],
    [signal, "FOO", "Expected a signal"],
    [signal, "99", "Expected a signal"],
  ])("%s %j is refused", (read, text, message) => {
    expect(() => (read as (text: string) => unknown)(text)).toThrow(ValueError);
    expect(() => (read as (text: string) => unknown)(text)).toThrow(message);
  });
});

describe("for commander", () => {
  test("a refusal is its error, with a full stop; anything else is passed on", () => {
    expect(() => asFlag(ipv4)("x")).toThrow(InvalidArgumentError);
    expect(() => asFlag(ipv4)("x")).toThrow('"x" is not an IP address.');
    const broken = asFlag(() => {
      throw new TypeError("broken");
    });
    expect(() => broken("x")).toThrow(TypeError);
  });

  test("flags that come again are collected, commas apart where they may be", () => {
    const read = asFlags(ipv4, true);
    expect(read("10.0.0.3", read("10.0.0.1,10.0.0.2"))).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    expect(asFlags(String)("a,b", ["c"])).toEqual(["c", "a,b"]);
  });

  test("whole numbers", () => {
    expect(whole(1, 10)("10")).toBe(10);
    for (const text of ["0", "11", "1.5", "-1", "", "x", "1e1"])
      expect(() => whole(1, 10)(text)).toThrow("Expected a whole number from 1 to 10.");
  });
});

test("HOST:PORT as text", () => {
  expect([formatHostPort({ host: "a", port: 1 }), formatHostPort({ host: "fd00::1", port: 2 })]).toEqual(["a:1", "[fd00::1]:2"]);
});

test("filters", () => {
  expect(filtersOf()).toEqual({});
  expect(
    filtersOf([
      ["label", "a=b"],
      ["name", "x"],
      ["label", "c"],
    ]),
  ).toEqual({ label: ["a=b", "c"], name: ["x"] });
});
