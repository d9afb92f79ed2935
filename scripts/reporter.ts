// A vitest reporter that counts. Runs inside the vitest process that scripts/test.ts starts, and writes a Summary to the file that
// WEFT_TEST_SUMMARY names. What counts as failed besides failed tests: a file or a suite that could not be collected, a hook that threw,
// an error that nobody caught, and a test skipped without a reason (say it with `context.skip("why")`).

import { writeFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule, TestRunEndReason, Vitest } from "vitest/node";

export interface Summary {
  passed: number;
  failed: number;
  skipped: { name: string; reason: string }[];
  /** A line for each failure. */
  failures: string[];
}

/** The first line of an error, as a person wants it in a list. */
function headline(error: { message?: string } | undefined): string {
  return (error?.message ?? "no message").split("\n")[0] ?? "";
}

export default class CountingReporter implements Reporter {
  filtered = false;

  onInit(vitest: Vitest): void {
    this.filtered = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message?: string }[], reason: TestRunEndReason): void {
    const summary: Summary = { passed: 0, failed: 0, skipped: [], failures: [] };
    const fail = (line: string) => {
      summary.failed += 1;
      summary.failures.push(line);
    };
    for (const module of modules) {
      for (const test of module.children.allTests()) this.#count(test, summary, fail);
      // Files and suites, too, fail by themselves: a beforeAll that threw leaves its tests skipped or never run.
      for (const error of module.errors()) fail(`${module.relativeModuleId}: ${headline(error)}`);
      for (const suite of module.children.allSuites()) {
        for (const error of suite.errors()) fail(`${module.relativeModuleId} ${suite.fullName}: ${headline(error)}`);
      }
    }
    for (const error of unhandled) fail(`unhandled error: ${headline(error)}`);
    if (reason === "interrupted") fail("the run was interrupted");
    const file = process.env.WEFT_TEST_SUMMARY;
    if (file) writeFileSync(file, JSON.stringify(summary));
  }

  #count(test: TestCase, summary: Summary, fail: (line: string) => void): void {
    const name = `${test.module.relativeModuleId} ${test.fullName}`;
    const result = test.result();
    if (result.state === "passed") summary.passed += 1;
    else if (result.state === "failed") fail(`${name}: ${headline(result.errors[0])}`);
    else if (result.state === "pending") fail(`${name}: never ran`);
    else if (result.note) summary.skipped.push({ name, reason: result.note });
    else if (!this.filtered && !this.#hookFailed(test)) fail(`${name}: skipped without a reason`);
  }

  /** Whether a suite around this test failed before the test could run: then the suite's own error is what counts. */
  #hookFailed(test: TestCase): boolean {
    let parent: TestCase["parent"] | undefined = test.parent;
    while (parent) {
      if (parent.errors().length > 0) return true;
      parent = parent.type === "suite" ? parent.parent : undefined;
    }
    return false;
  }
}
