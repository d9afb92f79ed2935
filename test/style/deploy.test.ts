// The files of deploy/ are accepted by the programs that will read them.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/sources.ts";

const exists = (program: string) => spawnSync(program, ["--version"]).status === 0;

test("promtool accepts the scrape configuration and the rules", ({ skip }) => {
  skip(!exists("promtool"), "promtool is not installed (Debian package prometheus)");
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "config", "prometheus.yml"], {
    cwd: join(root, "deploy"),
    encoding: "utf8",
  });
  expect(status, stdout + stderr).toBe(0);
});

test("each alert fires when it should, and a healthy host raises none", ({ skip }) => {
  skip(!exists("promtool"), "promtool is not installed (Debian package prometheus)");
  const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", join(root, "test/style/alerts.yml")], { encoding: "utf8" });
  expect(status, stdout + stderr).toBe(0);
  const expected = readFileSync(join(root, "test/style/alerts.yml"), "utf8");
  const alerts = [...readFileSync(join(root, "deploy/weft.rules.yml"), "utf8").matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  expect(alerts.filter((name) => !expected.includes(`{alertname="${name}"`))).toEqual([]);
});

test.for(["weft-agent.service", "weft.service"])("systemd accepts %s", (name, { skip }) => {
  skip(!exists("systemd-analyze"), "systemd-analyze is not installed (Debian package systemd)");
  const folder = mkdtempSync(join(tmpdir(), "weft-deploy-"));
  try {
    // The program is not installed where the unit expects it, and that is all that may differ.
    const unit = join(folder, name);
    writeFileSync(unit, readFileSync(join(root, "deploy", name), "utf8").replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", unit], { encoding: "utf8" });
    expect(stderr.split("\n").filter((line) => line.includes(name))).toEqual([]);
    expect(status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("every alert asks for a metric that exists", () => {
  const known = new Set([...readFileSync(join(root, "docs/metrics.md"), "utf8").matchAll(/^\| `(weft_\w+)`/gm)].map(([, name]) => name));
  const asked = [...readFileSync(join(root, "deploy/weft.rules.yml"), "utf8").matchAll(/expr: .*/g)].flatMap(([line]) =>
    (line.match(/weft_\w+/g) ?? []).map((name) => name.replace(/_bucket$/, "")),
  );
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((name) => !known.has(name))).toEqual([]);
});
