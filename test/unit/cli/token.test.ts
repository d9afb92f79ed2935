import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeAgent, fakeAgent } from "./weft.ts";

let agent: FakeAgent;
beforeEach(async () => {
  const info = { clusterId: "c", createdAt: "", dataPort: 4789, nodes: 2, managers: ["10.99.0.1:2377", "[fd00::2]:2377"] };
  agent = await fakeAgent({ "token.show": ({ role }) => ({ token: `WFTKN-1-pin-${role}` }), "cluster.info": () => info });
});
afterEach(() => agent.close());

describe("weft token", () => {
  test("prints the whole command", async () => {
    const out =
      "To add a worker to this cluster, run the following command:\n\n" +
      "    weft join --token WFTKN-1-pin-worker 10.99.0.1:2377 [fd00::2]:2377\n\n";
    expect(await agent.weft(["token", "worker"])).toEqual({ code: 0, out, err: "" });
    expect(agent.asked[0]).toEqual({ name: "token.show", input: { role: "worker", rotate: false } });
  });

  test("-q: the token alone", async () => {
    expect(await agent.weft(["token", "manager", "-q"])).toEqual({ code: 0, out: "WFTKN-1-pin-manager\n", err: "" });
  });

  test("--rotate", async () => {
    expect((await agent.weft(["token", "worker", "--rotate"])).out).toMatch(
      /^Successfully rotated worker join token\.\n\nTo add a worker /,
    );
    expect(agent.asked[0].input).toEqual({ role: "worker", rotate: true });
  });

  test.each([
    [["token"], "missing required argument 'role'\n"],
    [["token", "boss"], "command-argument value 'boss' is invalid for argument 'role'. Allowed choices are worker, manager.\n"],
  ])("%j", async (args, err) => {
    expect(await agent.weft(args)).toEqual({ code: 2, out: "", err });
    expect(agent.asked).toEqual([]);
  });
});
