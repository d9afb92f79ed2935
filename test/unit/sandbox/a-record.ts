// A container's record, for tests.

import type { ContainerRecord } from "../../../host/sandbox/record.ts";

export function aRecord(changes: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    id: "ab".repeat(32),
    name: "quiet_shuttle",
    hostname: "abababababab",
    command: ["sleep", "1"],
    environment: ["PATH=/usr/bin:/bin", "A=b c"],
    workingDirectory: "/tmp",
    labels: { tier: "web" },
    created: "2026-01-02T03:04:05.000Z",
    removing: false,
    discarded: false,
    ...changes,
  };
}
