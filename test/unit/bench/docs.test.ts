// docs/benchmarks.md says what the sources say: every suite, wire, frame size and peer is there, and none that does not exist.

import { describe, expect, test } from "vitest";
import { BACKGROUND_MAX } from "../../../bench/background.ts";
import { parseOptions, SUITES } from "../../../bench/options.ts";
import { peers } from "../../../bench/peers/index.ts";
import { PRECISION, TRIALS_MAX } from "../../../bench/search.ts";
import { PINGS } from "../../../bench/suites/core.ts";
import { FRAME_SIZES } from "../../../bench/suites/frames.ts";
import { LONG_SECONDS, PDR_LOSS_RATIO, TRIAL_SECONDS } from "../../../bench/suites/sizes.ts";
import { WIRES } from "../../../bench/wires.ts";
import { read } from "../../../scripts/sources.ts";

const page = read("docs/benchmarks.md");

/** First column of the table that follows a heading. */
function column(heading: string): string[] {
  const [, rest] = page.split(`${heading}\n`);
  const rows = rest.slice(rest.indexOf("| ---")).split("\n\n")[0].split("\n").slice(1);
  return rows.map((row) => row.split("|")[1].trim().replaceAll("`", ""));
}

describe("docs/benchmarks.md", () => {
  test.each([
    ["### Suites", SUITES],
    ["### Wires", WIRES],
    ["## Peers", peers(null)],
  ])("%s are those that there are", (heading, things) => {
    expect(column(heading)).toEqual(things.map(({ name }) => name));
  });

  test("sizes are listed in order", () => {
    const sizes = FRAME_SIZES.map(({ name }) => name).filter((name) => name !== "IMIX");
    expect(page).toContain(`Sizes: ${sizes.join(", ")}\n`);
  });

  test.each([
    ["the loss that counts as little", `loss ≤ ${PDR_LOSS_RATIO * 100} %`],
    ["trials", `trials of ${TRIAL_SECONDS} s, at most ${TRIALS_MAX}`],
    ["precision", `within ${PRECISION * 100} %`],
    ["the trial that counts", `pass for ${LONG_SECONDS} s`],
    ["background", `more than ${BACKGROUND_MAX} CPUs`],
    ["pings", `${PINGS.toLocaleString("en")} round trips`],
  ])("%s", (_, text) => {
    expect(page).toContain(text);
  });

  test("every flag that is turned off on the segmented wire is told", () => {
    const { features } = WIRES.find(({ name }) => name === "segmented")!;
    for (const flag of Object.keys(features)) expect(page).toContain(`\`${flag}\``);
  });

  const durations = [...page.matchAll(/^\| `npm run bench(?: -- (.*?))?` \|.*\| (\d+) minutes? \|$/gm)].map(([, flags = "", minutes]) => ({
    flags,
    minutes,
  }));

  test("how long runs take is told", () => {
    expect(durations.length).toBeGreaterThan(5);
  });

  test.each(durations)("npm run bench -- $flags: about $minutes min, as the program guesses itself", ({ flags, minutes }) => {
    const options = parseOptions(flags.split(" ").filter(Boolean))!;
    const all = peers(null).filter(({ name }) => options.peers.includes(name));
    const seconds = options.suites.map((suite) => {
      const oneHost = suite.topology === "one host";
      const sections = oneHost ? 1 : options.wires.length;
      return options.rounds * sections * all.filter((peer) => !oneHost || peer.setUpSameHost).length * suite.estimateSeconds(options);
    });
    expect(Math.round(seconds.reduce((a, b) => a + b) / 60)).toBe(Number(minutes));
  });
});
