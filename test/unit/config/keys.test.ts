import { expect, test } from "vitest";
import { NETWORK_KEYS, SECTIONS, TOP_KEYS } from "../../../host/config/keys.ts";
import { parseConfig } from "../../../host/config/read.ts";

test("the defaults that the design and the reference promise", () => {
  const printed = Object.fromEntries(Object.entries({ ...TOP_KEYS, ...NETWORK_KEYS }).map(([name, key]) => [name, key.defaultText]));
  expect(printed).toMatchObject({
    workers: "one for every two CPUs, at most 8",
    backend: "native",
    metrics: "127.0.0.1:9477",
    socket: "/run/weft/weft.sock",
    fdbCapacity: "65536",
    learning: "true",
    allowUnlistedSources: "false",
    ignoreReservedBits: "false",
    allowVlanTags: "false",
    tos: "inherit",
    ttl: "64",
    ageing: "300",
    vni: null,
    networks: null,
  });
});

test("a default that is printed as a value is what leaving the key out means", () => {
  const lines = (keys: (typeof SECTIONS)[number]["keys"]) =>
    Object.entries(keys).flatMap(([name, { defaultText }]) =>
      defaultText === null || defaultText.includes(" ") ? [] : `${name}: ${defaultText}`,
    );
  const at = (path: string) => lines(SECTIONS.find((section) => section.path === path)?.keys ?? {});
  const written = `{ node: { name: a, vtep: 10.0.0.1, ${at("node")} }, ${at("")}, networks: [{ name: b, vni: 1, ${at("networks[]")} }] }`;
  const leftOut = "{ node: { name: a, vtep: 10.0.0.1 }, networks: [{ name: b, vni: 1 }] }";
  expect(at("networks[]").length).toBeGreaterThan(8);
  expect(parseConfig(written, "written")).toEqual(parseConfig(leftOut, "left out"));
});
