import { describe, expect, test } from "vitest";
import { parseOptions } from "../../../bench/options.ts";

describe("the benchmark's command line", () => {
  test("its defaults are the core suite on the veth as it is, five rounds", () => {
    const options = parseOptions([])!;
    expect(options.suites.map(({ name }) => name)).toEqual(["core"]);
    expect(options.wires.map(({ name }) => name)).toEqual(["whole"]);
    expect(options).toMatchObject({ rounds: 5, seconds: 3, workers: null, mtu: 1500, writeReadme: false });
    expect(options.peers[0]).toBe("linux");
  });

  test("lists keep their order, and all is everything", () => {
    const options = parseOptions(["--wire", "all", "--suite", "samehost,core,samehost", "--peers", "weft,linux"])!;
    expect(options.wires.map(({ name }) => name)).toEqual(["whole", "tx-off", "segmented"]);
    expect(options.suites.map(({ name }) => name)).toEqual(["samehost", "core"]);
    expect(options.peers).toEqual(["weft", "linux"]);
  });

  test("quick is two rounds of a second, unless told otherwise", () => {
    expect(parseOptions(["--quick"])).toMatchObject({ rounds: 2, seconds: 1 });
    expect(parseOptions(["--quick", "--rounds", "1"])).toMatchObject({ rounds: 1, seconds: 1 });
  });

  test("help is no run", () => {
    expect(parseOptions(["--help"])).toBeNull();
  });

  test.each([
    [["--peers", "weft,nobody"], "--peers: nobody is none of linux,weft,"],
    [["--peers", ""], "--peers: nothing is none of"],
    [["--wire", "wet"], "--wire: wet is none of whole,tx-off,segmented"],
    [["--suite", "cor"], "--suite: cor is none of core,sizes,samehost"],
    [["--sizes", "65"], "--sizes: 65 is none of 64,"],
    [["--rounds", "0"], "--rounds 0: a whole number from 1 on"],
    [["--seconds", "1.5"], "--seconds 1.5: a whole number"],
    [["--suite", "sizes", "--mtu", "1400"], "--mtu 1400: the suite sizes needs 1500"],
    [["--frobnicate"], "--frobnicate"],
  ])("%j is refused by name", (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
  });
});
