import { expect, test } from "vitest";
import { resourceOf } from "../../../host/sandbox/resource.ts";
import type { Run } from "../../../host/sandbox/run.ts";
import { aRecord } from "./a-record.ts";

const of = (run: Run) => resourceOf({ record: aRecord(), run, directory: "/d", netnsPath: "/run/netns/weft-abababababab" });

test("one that runs has a process, and a way in", () => {
  const resource = of({ state: "running", pid: 42, startedAt: "2026-01-02T03:04:06Z" });
  expect(resource).toMatchObject({
    Id: "ab".repeat(32),
    Name: "quiet_shuttle",
    Command: ["sleep", "1"],
    State: "running",
    ExitCode: null,
    StartedAt: "2026-01-02T03:04:06Z",
    FinishedAt: null,
    Pid: 42,
    Labels: { tier: "web" },
    SandboxKey: "/run/netns/weft-abababababab",
    LogPath: "/d/log/current",
    Networks: {},
  });
  expect(resource.ExecPrefix.slice(0, 3)).toEqual(["nsenter", "--target", "42"]);
});

test("one that has ended has an exit code", () => {
  const run: Run = { state: "exited", startedAt: null, finishedAt: "2026-01-02T03:04:07Z", exitCode: 127, error: "x" };
  expect(of(run)).toMatchObject({ State: "exited", ExitCode: 127, StartedAt: null, FinishedAt: run.finishedAt, Pid: null, ExecPrefix: [] });
});

test("one that is being created has neither", () => {
  expect(of({ state: "creating", abandoned: false })).toMatchObject({ State: "creating", ExitCode: null, StartedAt: null, Pid: null });
});
