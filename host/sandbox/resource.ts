// A container as the API tells it (ContainerResource). Its networks are for the caller to fill in. Any thread.

import { join } from "node:path";
import type { ContainerResource } from "../model/cluster/answers.ts";
import type { Container } from "./containers.ts";
import { execPrefix } from "./exec.ts";

export function resourceOf({ record, run, directory, netnsPath }: Container): ContainerResource {
  const running = run.state === "running";
  const ended = run.state === "exited";
  return {
    Id: record.id,
    Name: record.name,
    Command: record.command,
    Created: record.created,
    State: run.state,
    ExitCode: ended ? run.exitCode : null,
    StartedAt: running || ended ? run.startedAt : null,
    FinishedAt: ended ? run.finishedAt : null,
    Pid: running ? run.pid : null,
    Labels: record.labels,
    SandboxKey: netnsPath,
    ExecPrefix: running ? execPrefix(record, run.pid) : [],
    LogPath: join(directory, "log", "current"),
    Networks: {},
  };
}
