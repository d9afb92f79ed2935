// Tutorials are run as they stand: the shell blocks that an HTML comment marks `test: run`, in order, in one shell for each page. The shell has
// namespaces of its own (network, mounts, processes), so that the names under /run/netns meet nobody else's and everything ends with it;
// and /tmp becomes a folder of its own.
//
//   <!-- test: run -->                          every command must succeed (the block's last status counts)
//   <!-- test: run, expect SOME, TEXT -->       and print these texts
//   <!-- test: run, wait for 2 × TEXT -->       then wait until the text has been printed so often
//   <!-- test: printed -->                      a text block: the block before printed each of these lines, but for what differs each time

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../scripts/sources.ts";
import { obstacle } from "./needs.ts";

interface Block {
  line: number;
  script: string;
  expect: string[];
  wait: { times: number; text: string } | null;
  /** Lines that it prints, as shown. */
  printed: string[];
}

const BLOCK_SECONDS_MAX = 30;
const FENCE = /<!-- test: run(?:, expect ([^\n]*?))?(?:, wait for (\d+) × ([^\n]*?))? -->\n```sh\n([\s\S]*?)```/g;
const PRINTED = /^\s*(?:(?!<!-- test: run)[\s\S])*?<!-- test: printed -->\n```text\n([\s\S]*?)```/;

/** The marked blocks of a page, in order. */
function blocks(markdown: string): Block[] {
  return [...markdown.matchAll(FENCE)].map((match) => ({
    line: markdown.slice(0, match.index).split("\n").length + 1,
    script: match[4],
    expect: match[1]?.split(", ") ?? [],
    wait: match[2] === undefined ? null : { times: Number(match[2]), text: match[3] },
    printed:
      PRINTED.exec(markdown.slice(match.index + match[0].length))?.[1]
        .split("\n")
        .map(shape)
        .filter(Boolean) ?? [],
  }));
}

/** A line without what differs from run to run: ids, MAC addresses, times and shares, whether this kernel injects; "" = what was left out. */
function shape(line: string): string {
  return line
    .replaceAll(/\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b/g, "MAC")
    .replaceAll(/\b([0-9a-f]{64}|[0-9a-z]{25}|[0-9a-z]{12})\b/g, "ID")
    .replaceAll(/\b\d+(\.\d+)?( ms|%)/g, "N$2")
    .replaceAll(/\b(injected|sockets)\b/g, "WAY")
    .replaceAll(/\s+/g, " ")
    .replace(/^…$/, "")
    .trim();
}

/** A shell that keeps everything it printed, and can be awaited. */
class Shell {
  printed = "";
  readonly #child: ChildProcess;
  #notify: () => void = () => {};

  constructor() {
    const inside = "mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && exec bash 2>&1";
    const args = ["--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", inside];
    this.#child = spawn("unshare", args, { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.printed += text;
      this.#notify();
    });
    this.#child.on("exit", () => this.#notify());
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Resolves with the first match in what was printed from `from` on; throws, with all that was printed, when time or the shell ends. */
  async until(pattern: RegExp, from: number): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(BLOCK_SECONDS_MAX * 1000);
    for (;;) {
      const match = pattern.exec(this.printed.slice(from));
      if (match) return match;
      const ended = signal.aborted ? `${BLOCK_SECONDS_MAX} s passed` : this.#child.exitCode !== null ? "the shell ended" : null;
      if (ended) throw new Error(`${ended} before ${pattern} was printed:\n${this.printed.slice(from)}`);
      await new Promise<void>((resolve) => {
        this.#notify = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }
}

/** Pages, and the programs that their blocks need. */
const PAGES: { page: string; programs: string[] }[] = [
  { page: "docs/first-steps.md", programs: ["nsenter"] },
  { page: "docs/by-hand.md", programs: [] },
  { page: "docs/measure.md", programs: ["iperf3", "ethtool"] },
];

describe.each(PAGES)("$page", ({ page, programs }) => {
  const text = readFileSync(join(root, page), "utf8");
  const tutorial = blocks(text);
  const why = obstacle(programs);

  test("has marked blocks, and no mark is misspelt", () => {
    expect(tutorial.length).toBeGreaterThan(4);
    expect(tutorial.length).toBe(text.split("<!-- test: run").length - 1);
    expect(tutorial.filter(({ printed }) => printed.length > 0).length).toBe(text.split("<!-- test: printed -->\n").length - 1);
    expect(text.split("<!-- test:").length).toBe(text.split(/<!-- test: (?:run|printed)\b/).length);
  });

  const folder = mkdtempSync(join(tmpdir(), "weft-docs-"));
  let shell: Shell | undefined;
  let broken = false;

  beforeAll(() => {
    if (why === null) shell = new Shell();
  });
  afterAll(async () => {
    await shell?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [index, block] of tutorial.entries()) {
    test(`${page}:${block.line}: ${block.script.split("\n")[0]}`, async ({ skip }) => {
      skip(why !== null, why ?? "");
      expect(broken, "an earlier block failed").toBe(false);
      broken = true;
      const from = shell!.printed.length;
      // With -e, in this very shell: a later block ends the jobs that this one starts.
      shell!.write(
        `set -e; trap 'echo "block ${index} ended: $?"' EXIT\n${block.script.replaceAll("/tmp/", `${folder}/`)}\nset +e; trap - EXIT; echo "block ${index} ended: 0"\n`,
      );
      const [, status] = await shell!.until(new RegExp(`^block ${index} ended: (\\d+)$`, "m"), from);
      expect(status, shell!.printed.slice(from)).toBe("0");
      if (block.wait) await shell!.until(new RegExp(`(${RegExp.escape(block.wait.text)}[\\s\\S]*){${block.wait.times}}`), from);
      for (const text of block.expect) expect(shell!.printed.slice(from)).toContain(text);
      expect(shell!.printed.slice(from).split("\n").map(shape)).toEqual(expect.arrayContaining(block.printed));
      broken = false;
    });
  }

  test("leaves nothing behind", async ({ skip }) => {
    skip(why !== null, why ?? "");
    expect(broken, "an earlier block failed").toBe(false);
    const from = shell!.printed.length;
    shell!.write(`echo "left: $(ip netns list) $(ls ${folder}) $(jobs -rp)"\n`);
    const [, left] = await shell!.until(/^left:(.*)$/m, from);
    expect(left.trim()).toBe("");
  });
});
