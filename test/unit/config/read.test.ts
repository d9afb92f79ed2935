import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseConfig, readConfig, readConfigFile } from "../../../host/config/read.ts";
import { UsageError } from "../../../host/model/errors.ts";
import { defaultWorkers } from "../../../host/model/workers.ts";
import fc from "../../oracle/property.ts";

const DESIGN = `node: { name: a, vtep: 10.99.0.1, dataPort: 4789 }
workers: 1
metrics: 127.0.0.1:9477
socket: /run/weft-a/weft.sock
networks:
  - name: blue
    vni: 42
    mtu: 1450                       # default: underlay MTU − 50 (IPv4) or − 70 (IPv6)
    learning: true                  # learn remote MACs from the data path
    allowUnlistedSources: false     # accept VXLAN from addresses that are not peers
    peers: [10.99.0.2]              # VTEPs that get broadcast, unknown unicast and multicast (head-end replication)
    fdb: [{ mac: "02:42:0a:00:00:02", vtep: 10.99.0.2 }]
    neighbors: [{ ip: 10.0.0.2, mac: "02:42:0a:00:00:02" }]   # answered locally (ARP, ND)
    ports:
      - { netns: pcA, interface: eth0, address: 10.0.0.1/24, mac: "02:42:0a:00:00:01" }
`;
const NODE = "node: { name: a, vtep: 10.99.0.1 }\n";

/** The one line that a file is refused with. */
function refusal(text: string): string {
  try {
    parseConfig(text, "weft.yaml");
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    const { message } = error as UsageError;
    expect(message).not.toContain("\n");
    return message;
  }
  throw new Error("the file was accepted");
}

/** A network with these lines behind its name and VNI. */
function network(...lines: string[]): string {
  return [`${NODE}networks:`, "  - name: blue", "    vni: 42", ...lines.map((line) => `    ${line}`), ""].join("\n");
}

function port(index: number, rest = ""): string {
  return `- { netns: pc${index}, interface: eth0, address: 10.0.0.${index}/24, mac: "02:42:0a:00:00:0${index}"${rest} }`;
}

describe("what is accepted", () => {
  test("the file of the design, word for word", () => {
    expect(parseConfig(DESIGN, "weft.yaml")).toEqual({
      node: { name: "a", vtep: "10.99.0.1", dataPort: 4789 },
      workers: 1,
      zeroChecksum6: false,
      pinWorkers: true,
      backend: "native",
      injection: "auto",
      spin: 0,
      metrics: { host: "127.0.0.1", port: 9477 },
      socket: "/run/weft-a/weft.sock",
      fdbCapacity: 65536,
      networks: [
        {
          name: "blue",
          vni: 42,
          mtu: 1450,
          learning: true,
          allowUnlistedSources: false,
          ignoreReservedBits: false,
          allowVlanTags: false,
          tos: "inherit",
          ttl: 64,
          ageingSeconds: 300,
          peers: ["10.99.0.2"],
          fdb: [{ mac: "02:42:0a:00:00:02", vtep: "10.99.0.2" }],
          neighbors: [{ ip: "10.0.0.2", mac: "02:42:0a:00:00:02" }],
          ports: [{ netns: "pcA", interface: "eth0", addresses: ["10.0.0.1/24"], mac: "02:42:0a:00:00:01" }],
        },
      ],
    });
  });

  test("the smallest file: everything else has a default", () => {
    const config = parseConfig(`${NODE}networks: [{ name: blue, vni: 42 }]`, "weft.yaml");
    expect(config).toMatchObject({
      workers: defaultWorkers(),
      socket: "/run/weft/weft.sock",
      metrics: { host: "127.0.0.1", port: 9477 },
      node: { dataPort: 4789 },
      networks: [{ mtu: null, learning: true, peers: [], fdb: [], neighbors: [], ports: [] }],
    });
  });

  test.each([
    ["metrics: off", { metrics: null }],
    ["metrics: '[::1]:9'", { metrics: { host: "::1", port: 9 } }],
    ["metrics: 0.0.0.0:9477", { metrics: { host: "0.0.0.0", port: 9477 } }],
    ["metrics: localhost:9477", { metrics: { host: "localhost", port: 9477 } }],
    ["backend: dgram", { backend: "dgram" }],
    ["fdbCapacity: 1048576", { fdbCapacity: 1048576 }],
    ["workers: 64", { workers: 64 }],
  ])("%s", (line, part) => {
    expect(parseConfig(`${NODE}${line}\nnetworks: []`, "weft.yaml")).toMatchObject(part);
  });

  test.each([
    ["tos: 0xb8", { tos: 184 }],
    ["tos: inherit", { tos: "inherit" }],
    ["ttl: inherit", { ttl: "inherit" }],
    ["ttl: 255", { ttl: 255 }],
    ["ageing: 10", { ageingSeconds: 10 }],
    [
      "ports: [{ netns: /run/netns/x, interface: e, mac: 02:42:00:00:00:01, address: [10.0.0.1/8, 'FD00::1/64'] }]",
      {
        ports: [{ netns: "/run/netns/x", addresses: ["10.0.0.1/8", "fd00::1/64"], mac: "02:42:00:00:00:01" }],
      },
    ],
    ["ports: [{ netns: x, interface: e, mac: 02-42-00-00-00-AB, address: [] }]", { ports: [{ addresses: [], mac: "02:42:00:00:00:ab" }] }],
  ])("%s", (line, part) => {
    expect(parseConfig(network(line), "weft.yaml").networks[0]).toMatchObject(part);
  });

  test("a neighbour may repeat what a port says", () => {
    const file = network("ports:", port(1), "neighbors: [{ ip: 10.0.0.1, mac: 02:42:0a:00:00:01 }]");
    expect(parseConfig(file, "weft.yaml").networks[0].neighbors).toHaveLength(1);
  });
});

describe("what is refused, in one line that names the place", () => {
  test.each([
    ["empty", "", "weft.yaml:1:1: the file is empty; it needs at least node and networks"],
    ["comments only", "# nothing\n", "weft.yaml:1:1: the file is empty; it needs at least node and networks"],
    ["a list", "- a", "weft.yaml:1:1: expected a map of keys, got a list"],
    ["no networks", NODE, "weft.yaml:1:1: networks: is required"],
    ["no YAML", "node: [", "weft.yaml:1:8: Flow sequence in block collection must be sufficiently indented and end with a ]"],
    ["a tab", "node:\n\tname: a", "weft.yaml:2:1: Tabs are not allowed as indentation"],
    ["two documents", `${NODE}---\nnetworks: []`, "weft.yaml:2:1: a second document begins; a configuration is one"],
    ["an unknown tag", "node: !secret x", "weft.yaml:1:7: Unresolved tag: !secret"],
    ["an unknown key", `${NODE}network: []`, "weft.yaml:2:1: network: unknown key (did you mean networks?)"],
    ["an unknown key, nothing near", network("colour: red"), `weft.yaml:5:5: networks[0].colour: unknown key (known here: name, vni, mtu,`],
    [
      "a key mistyped, hence another missing",
      "node: { name: a, vtpe: 10.0.0.1 }\nnetworks: []",
      "weft.yaml:1:18: node.vtpe: unknown key (did you mean vtep?)",
    ],
    ["__proto__", `${NODE}__proto__: { workers: 3 }\nnetworks: []`, "weft.yaml:2:1: __proto__: unknown key"],
    ["a key twice", network("mtu: 1400", "vni: 43"), "weft.yaml:6:5: networks[0].vni: is given twice, first on line 4"],
    [
      "a key twice, in a port",
      network("ports:", `  ${port(1, ", netns: b")}`),
      "networks[0].ports[0].netns: is given twice, first on line 6",
    ],
    [
      "VNI beyond 24 bits",
      network().replace("42", "16777216"),
      "weft.yaml:4:10: networks[0].vni: 16777216 is more than 24 bits hold (0..16777215)",
    ],
    ["VNI as text", network().replace("42", "'42'"), 'weft.yaml:4:10: networks[0].vni: expected a number, got "42"'],
    ["VNI left out", network().replace("42", ""), "networks[0].vni: expected a number, got nothing"],
    ["VNI twice", `${network()}  - { name: red, vni: 42 }\n`, "weft.yaml:5:23: networks[1].vni: 42 is already the VNI of networks[0]"],
    [
      "name twice",
      `${network()}  - { name: blue, vni: 43 }\n`,
      "weft.yaml:5:13: networks[1].name: blue is already the name of networks[0]",
    ],
    ["bad name", network().replace("blue", "-blue"), 'networks[0].name: "-blue" is not a name'],
    ["long name", network().replace("blue", "b".repeat(129)), "a name has at most 128 characters, this one 129"],
    ["workers 0", `${NODE}workers: 0\nnetworks: []`, "weft.yaml:2:10: workers: 0 is out of range (1..64)"],
    ["workers 65", `${NODE}workers: 65\nnetworks: []`, "workers: 65 is out of range (1..64)"],
    ["workers 1.5", `${NODE}workers: 1.5\nnetworks: []`, "workers: expected a whole number, got 1.5"],
    ["dataPort", "node: { name: a, vtep: 10.0.0.1, dataPort: 65536 }\nnetworks: []", "node.dataPort: 65536 is out of range (1..65535)"],
    ["backend", `${NODE}backend: fast\nnetworks: []`, 'backend: expected native or dgram, got "fast"'],
    ["fdbCapacity", `${NODE}fdbCapacity: 16\nnetworks: []`, "fdbCapacity: 16 is out of range (256..8388608)"],
    ["metrics", `${NODE}metrics: 9477\nnetworks: []`, "metrics: expected text, got 9477"],
    ["metrics without host", `${NODE}metrics: ":9477"\nnetworks: []`, "is neither HOST:PORT"],
    ["metrics port", `${NODE}metrics: a:65536\nnetworks: []`, "is neither HOST:PORT"],
    ["metrics address", `${NODE}metrics: 10.0.0.300:1\nnetworks: []`, '"10.0.0.300" is not an IP address'],
    ["socket", `${NODE}socket: weft.sock\nnetworks: []`, 'socket: "weft.sock" is not an absolute path of a socket'],
    [
      "socket too long",
      `${NODE}socket: /${"a".repeat(107)}\nnetworks: []`,
      "socket: the path has 108 bytes; that of a unix socket has at most 107",
    ],
    ["vtep", "node: { name: a, vtep: 10.0.0 }\nnetworks: []", 'node.vtep: "10.0.0" is not an IP address'],
    ["vtep multicast", "node: { name: a, vtep: 239.1.1.1 }\nnetworks: []", "node.vtep: 239.1.1.1 is a multicast address"],
    ["mtu small", network("mtu: 500"), "weft.yaml:5:10: networks[0].mtu: 500 is out of range (576..65485)"],
    [
      "mtu and IPv6",
      network("mtu: 1279", "neighbors: [{ ip: fd00::2, mac: 02:42:00:00:00:02 }]"),
      "networks[0].mtu: 1279 is less than IPv6 needs (1280)",
    ],
    ["learning", network("learning: yes"), 'networks[0].learning: expected true or false, got "yes"'],
    ["tos", network("tos: 256"), "networks[0].tos: 256 is more than 255"],
    ["tos text", network("tos: high"), 'networks[0].tos: expected inherit or a whole number 0..255, got "high"'],
    ["tos with ECN", network("tos: 1"), "networks[0].tos: 1 sets ECN bits"],
    ["ttl", network("ttl: 0"), "networks[0].ttl: 0 is less than 1"],
    ["ageing", network("ageing: 9"), "networks[0].ageing: 9 is out of range (10..1000000)"],
    ["peers no list", network("peers: 10.0.0.1"), 'networks[0].peers: expected a list, got "10.0.0.1"'],
    ["peers null", network("peers:"), "networks[0].peers: expected a list, got nothing"],
    ["peer own", network("peers: [10.99.0.1]"), "weft.yaml:5:13: networks[0].peers[0]: 10.99.0.1 is this host's own VTEP (node.vtep)"],
    ["peer family", network("peers: [fd00::1]"), "networks[0].peers[0]: fd00::1 is not an IPv4 address as node.vtep (10.99.0.1) is"],
    ["peer twice", network("peers: [10.99.0.2, 10.99.0.2]"), "networks[0].peers[1]: 10.99.0.2 is already listed as networks[0].peers[0]"],
    [
      "fdb own",
      network("fdb: [{ mac: 02:42:00:00:00:01, vtep: 10.99.0.1 }]"),
      "networks[0].fdb[0].vtep: 10.99.0.1 is this host's own VTEP",
    ],
    ["fdb family", network("fdb: [{ mac: 02:42:00:00:00:01, vtep: '::5' }]"), "networks[0].fdb[0].vtep: ::5 is not an IPv4 address"],
    [
      "fdb MAC multicast",
      network("fdb: [{ mac: 03:42:00:00:00:01, vtep: 10.99.0.2 }]"),
      "networks[0].fdb[0].mac: 03:42:00:00:00:01 is a multicast address",
    ],
    [
      "fdb MAC twice",
      network("fdb:", "- { mac: 02:42:00:00:00:01, vtep: 10.99.0.2 }", "- { mac: 02:42:00:00:00:01, vtep: 10.99.0.3 }"),
      "weft.yaml:7:14: networks[0].fdb[1].mac: 02:42:00:00:00:01 is already the MAC of networks[0].fdb[0]",
    ],
    [
      "fdb MAC of a port",
      network("ports:", port(1), "fdb:", "- { mac: '02:42:0A:00:00:01', vtep: 10.99.0.2 }"),
      "networks[0].fdb[0].mac: 02:42:0a:00:00:01 is already the MAC of networks[0].ports[0]",
    ],
    [
      "two ports, one MAC",
      network("ports:", port(1), port(2).replace(":02", ":01")),
      "weft.yaml:7:65: networks[0].ports[1].mac: 02:42:0a:00:00:01 is already the MAC of networks[0].ports[0]",
    ],
    [
      "two ports, one interface",
      network("ports:", port(1), port(2).replace("pc2", "/var/run/netns/pc1")),
      "networks[0].ports[1].interface: eth0 in /var/run/netns/pc1 is already the interface of networks[0].ports[0]",
    ],
    [
      "two ports, one address",
      network("ports:", port(1), port(2).replace("0.2/24", "0.1/16")),
      "networks[0].ports[1].address: 10.0.0.1 is already an address of networks[0].ports[0]",
    ],
    [
      "port MAC zero",
      network("ports:", port(1).replace("02:42:0a:00:00:01", "00:00:00:00:00:00")),
      "networks[0].ports[0].mac: 00:00:00:00:00:00 is the zero address",
    ],
    ["no CIDR", network("ports:", port(1).replace("/24", "")), 'networks[0].ports[0].address: "10.0.0.1" has no prefix length'],
    [
      "no CIDR in a list",
      network("ports:", port(1).replace("10.0.0.1/24", "[10.0.0.1/24, 10.0.0.2]")),
      'networks[0].ports[0].address[1]: "10.0.0.2" has no prefix length',
    ],
    [
      "address left out",
      network("ports:", "- { netns: a, interface: b, mac: 02:42:00:00:00:01 }"),
      "weft.yaml:6:7: networks[0].ports[0].address: is required",
    ],
    [
      "interface too long",
      network("ports:", port(1).replace("eth0", "eth0123456789012")),
      '"eth0123456789012" has 16 characters; an interface name has at most 15',
    ],
    ["interface pattern", network("ports:", port(1).replace("eth0", "eth%d")), '"eth%d" is not an interface name'],
    ["netns relative", network("ports:", port(1).replace("pc1", "a/b")), '"a/b" is neither a name under /run/netns nor an absolute path'],
    [
      "neighbour twice",
      network("neighbors:", "- { ip: fd00::1, mac: 02:42:00:00:00:01 }", "- { ip: 'fd00:0::1', mac: 02:42:00:00:00:02 }"),
      "weft.yaml:7:13: networks[0].neighbors[1].ip: fd00::1 is already the address of networks[0].neighbors[0]",
    ],
    [
      "neighbour against a port",
      network("ports:", port(1), "neighbors: [{ ip: 10.0.0.1, mac: 02:42:00:00:00:99 }]"),
      "networks[0].neighbors[0].mac: 10.0.0.1 belongs to networks[0].ports[0], whose MAC is 02:42:0a:00:00:01",
    ],
    ["the first of two", network("mtu: 1", "ttl: 0"), "weft.yaml:5:10: networks[0].mtu"],
    [
      "an alias that explodes",
      `a: &a [${"x,".repeat(20)}]\nb: &b [${"*a,".repeat(20)}]\nc: [${"*b,".repeat(20)}]`,
      "Excessive alias count",
    ],
  ])("%s", (_, text, message) => {
    expect(refusal(text)).toContain(message);
  });

  test.each([
    [
      "ports of one network",
      network("ports:", ...Array.from({ length: 1025 }, (_, i) => manyPorts(i))),
      "networks[0].ports: has 1025 entries; at most 1024 fit",
    ],
    [
      "networks",
      `${NODE}networks:\n${Array.from({ length: 1024 }, (_, i) => `- { name: n${i}, vni: ${i} }\n`).join("")}`,
      "networks: has 1024 entries; at most 1023 fit",
    ],
    [
      "entries",
      network("ports:", ...Array.from({ length: 257 }, (_, i) => manyPorts(i))).replace(NODE, `${NODE}fdbCapacity: 256\n`),
      "networks: 257 ports and fdb entries, all networks together; at most 256 fit (fdbCapacity)",
    ],
    [
      "VTEPs",
      `${NODE}networks:\n${[0, 1].map((n) => `- { name: n${n}, vni: ${n}, peers: [${Array.from({ length: 2048 }, (_, i) => `10.${n}.${i >> 8}.${i & 255}`)}] }\n`).join("")}`,
      "networks: 4096 VTEPs, all networks together; at most 4095 fit",
    ],
  ])("too many %s", (_, text, message) => {
    expect(refusal(text)).toContain(message);
  });

  test("any text is either accepted or refused in one line", () => {
    const lines = fc.array(
      fc.oneof(
        fc.constantFrom(...DESIGN.split("\n")),
        fc.constantFrom("ports: &a", "  - *a", "? {a: 1}", "<<: {a: 1}", "- [", '"'),
        fc.string(),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(lines, (chosen) => {
        try {
          parseConfig(chosen.join("\n"), "weft.yaml");
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          expect((error as Error).message).toMatch(/^weft\.yaml:[^\n]+$/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("files", () => {
  const directory = mkdtempSync(join(tmpdir(), "weft-config-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  test("a file is read and named as it was given", () => {
    const file = join(directory, "weft.yaml");
    writeFileSync(file, DESIGN);
    expect(readConfig(file).networks[0].name).toBe("blue");
    writeFileSync(file, DESIGN.replace("42", "-1"));
    expect(() => readConfig(file)).toThrow(`${file}:7:10: networks[0].vni: -1 is negative (0..16777215)`);
  });

  test("what only the machine knows is told with its place, too", () => {
    const file = join(directory, "placed.yaml");
    writeFileSync(file, DESIGN);
    const { config, errorAt } = readConfigFile(file);
    expect(config).toEqual(readConfig(file));
    const error = errorAt(["networks", 0, "ports", 0, "netns"], "there is no network namespace pcA");
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(`${file}:15:18: networks[0].ports[0].netns: there is no network namespace pcA`);
    expect(errorAt(["networks", 0, "ports", 0, "address", 0], "x").message).toBe(`${file}:15:49: networks[0].ports[0].address: x`);
    expect(errorAt(["workers"], "x").message).toBe(`${file}:2:10: workers: x`);
  });

  test("no file, a directory, bytes that are no text", () => {
    expect(() => readConfig(join(directory, "none"))).toThrow(/none: cannot be read: no such file or directory$/);
    expect(() => readConfig(directory)).toThrow(/cannot be read: illegal operation on a directory$/);
    const file = join(directory, "binary");
    writeFileSync(file, Uint8Array.of(0xff, 0xfe, 0));
    expect(() => readConfig(file)).toThrow(`${file}: is not UTF-8 text`);
  });
});

function manyPorts(i: number): string {
  const tail = `${(i >> 8).toString(16).padStart(2, "0")}:${(i & 255).toString(16).padStart(2, "0")}`;
  return `- { netns: pc${i}, interface: eth0, address: 10.1.${i >> 8}.${i & 255}/16, mac: "02:42:0a:01:${tail}" }`;
}
