// The counts as tables: for a terminal, and as the block of docs/scaling.md between its markers.

import Table from "cli-table3";
import type { Lines, Measured, Sharing } from "./measure.ts";

const BLOCK = /(<!-- scaling:begin[^>]*-->\n)[\s\S]*?(<!-- scaling:end -->)/;

interface Grid {
  head: string[];
  rows: string[][];
}

function number(value: number): string {
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

function linesOf(regions: Partial<Record<string, Lines>>): Lines {
  const all = Object.values(regions) as Lines[];
  return { read: all.reduce((sum, { read }) => sum + read, 0), written: all.reduce((sum, { written }) => sum + written, 0) };
}

/** What a wire frame costs in the core, and what a batch makes the host do. */
function costs(measured: readonly Measured[]): Grid {
  return {
    head: [
      "batch",
      "wire frames",
      "instructions (operations)",
      "loads / stores",
      "bytes loaded / stored",
      "own lines read / written",
      "shared lines read, a batch",
      "sends / TAP writes, a batch",
    ],
    rows: measured.map(({ name, frames, cost }) => {
      const own = linesOf(cost.own);
      const each = (count: number) => number(count / frames);
      return [
        name,
        `${frames}`,
        `${each(cost.instructions)} (${each(cost.operations)})`,
        `${each(cost.loads)} / ${each(cost.stores)}`,
        `${each(cost.bytesLoaded)} / ${each(cost.bytesStored)}`,
        `${each(own.read)} / ${each(own.written)}`,
        `${linesOf(cost.shared).read}`,
        `${cost.sends} / ${cost.writes}`,
      ];
    }),
  };
}

/** E.g. "16, 2 by several": lines written outside of the writer's block. */
function sharedText({ written, contended, read }: Sharing): string {
  const parts = [contended > 0 ? `${contended} by several` : "", read > 0 ? `${read} read by others` : ""].filter((part) => part !== "");
  return [`${written}`, ...parts].join(", ");
}

/** Cache lines that workers write outside their own blocks: within a tick (the worst of all numbers of workers), and with the first batch of a tick. */
function sharing(measured: readonly Measured[]): Grid {
  const counts = measured[0].steady.map(({ workers }) => workers);
  const worst = (all: readonly Sharing[]) =>
    all.reduce((a, b) => (b.written + b.contended + b.read > a.written + a.contended + a.read ? b : a));
  return {
    head: [
      "batch",
      `later in a tick, ${counts[0]} to ${counts[counts.length - 1]} workers`,
      ...counts.map((count) => `new tick, ${count} ${count === 1 ? "worker" : "workers"}`),
      "where",
    ],
    rows: measured.map(({ name, steady, firstOfTick }) => {
      const regions = [...new Set([...steady, ...firstOfTick].flatMap((one) => one.regions))];
      return [name, sharedText(worst(steady)), ...firstOfTick.map(sharedText), regions.join(", ") || "–"];
    }),
  };
}

function markdown({ head, rows }: Grid): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `| --- |${" ---: |".repeat(head.length - 1)}`, ...rows.map(line)].join("\n");
}

function terminal({ head, rows }: Grid): string {
  const table = new Table({
    head: [head[0], ...head.slice(1).map((title) => title.replaceAll(/(?<!\/),? (?!\/)/g, "\n"))],
    colAligns: ["left", ...head.slice(1).map(() => "right" as const)],
    style: { head: [], border: [] },
  });
  table.push(...rows);
  return table.toString();
}

/** For a terminal. */
export function report(measured: readonly Measured[]): string {
  return `One worker, each figure a wire frame unless it says otherwise:\n${terminal(costs(measured))}\n\nCache lines written outside the writer's own block, all workers together, a batch each:\n${terminal(sharing(measured))}`;
}

/** The page with its block replaced. Throws when it has none. */
export function withBlock(page: string, measured: readonly Measured[]): string {
  if (!BLOCK.test(page)) throw new Error("docs/scaling.md: no block between <!-- scaling:begin --> and <!-- scaling:end -->");
  const block = `**What a frame costs.** One worker; each figure is for a wire frame unless its title says otherwise.

${markdown(costs(measured))}

**What workers share.** Cache lines written outside the writer's own block: by all workers together, each doing one batch.

${markdown(sharing(measured))}
`;
  return page.replace(BLOCK, (_, begin: string, end: string) => `${begin}${block}${end}`);
}
