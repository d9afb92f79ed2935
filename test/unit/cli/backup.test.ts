import { expect, test } from "vitest";
import type { RestoreOptions } from "../../../host/model/cluster/start.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { fakeAgent, weftWith } from "./weft.ts";

test("a backup goes where the caller stands, not where the agent does", async () => {
  const agent = await fakeAgent({ "cluster.backup": () => ({ bytes: 4096 }) });
  try {
    const file = `${process.cwd()}/cluster.backup`;
    expect(await agent.weft(["backup", "cluster.backup"])).toEqual({ code: 0, out: `${file}: 4096 bytes\n`, err: "" });
    expect(agent.asked).toEqual([{ name: "cluster.backup", input: { file } }]);
    expect(await agent.weft(["backup"])).toMatchObject({ code: 2, err: "missing required argument 'file'\n" });
    expect(await agent.weft(["backup", ""])).toMatchObject({ code: 2 });
  } finally {
    await agent.close();
  }
});

test("a restore asks no agent", async () => {
  const given: RestoreOptions[] = [];
  const runRestore = async (options: RestoreOptions) => void given.push(options);
  const env = { WEFT_HOST: "unix:///nowhere" };
  expect(await weftWith(["restore", "/a/b"], { runRestore, env })).toEqual({ code: 0, out: "", err: "" });
  await weftWith(["restore", "x", "--state-dir", "y"], { runRestore, env });
  expect(given).toEqual([
    { file: "/a/b", stateDir: "/var/lib/weft" },
    { file: `${process.cwd()}/x`, stateDir: `${process.cwd()}/y` },
  ]);
  const failing = () => Promise.reject(new OperationError("/a/b: is not a backup"));
  expect(await weftWith(["restore", "/a/b"], { runRestore: failing })).toEqual({ code: 1, out: "", err: "/a/b: is not a backup\n" });
});
