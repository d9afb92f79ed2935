import { afterAll, beforeAll, expect, test } from "vitest";
import { findUnderlay } from "../../../host/netdev/underlay.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("the underlay's interface", [], () => {
  let lab: Lab;
  let netns: string;
  beforeAll(async () => {
    lab = await Lab.open();
    netns = await lab.namespace("a");
    await ipBatch(
      [
        "link add wtu0 type veth peer wtu1",
        "link set wtu0 mtu 9000",
        "address add 10.99.0.1/24 dev wtu0",
        "address add 10.99.0.11/24 dev wtu0",
        "address add fd99::1/64 dev wtu0 nodad",
        "link add wtu2 type veth peer wtu3",
        "link set wtu2 mtu 500",
        "address add 10.98.0.1/24 dev wtu2",
      ],
      netns,
    );
  });
  afterAll(() => lab?.close());

  /** findUnderlay looks where its process is: a program of this module runs there. */
  const find = async (address: string): Promise<string> => {
    const module = new URL("../../../host/netdev/underlay.ts", import.meta.url).href;
    const script = `
      const { findUnderlay } = await import(${JSON.stringify(module)});
      console.log(await findUnderlay(${JSON.stringify(address)}).then(JSON.stringify, (error) => error.message));`;
    return (await run([process.execPath, "--input-type=module", "-e", script], { netns })).trim();
  };

  test.each(["10.99.0.1", "10.99.0.11", "fd99::1", "FD99:0::1"])("%s is found with its MTU", async (address) => {
    expect(await find(address)).toBe('{"interface":"wtu0","mtu":9000}');
  });

  test("an address of nobody, or of an interface too small for an overlay, is one clear line", async () => {
    expect(await find("10.99.0.2")).toBe("VTEP address 10.99.0.2 is not an address of this host (see: ip address)");
    expect(await find("10.98.0.1")).toBe("interface wtu2, which has VTEP address 10.98.0.1: underlay MTU 500 is less than 576 bytes");
  });

  test("loopback here", async () => {
    expect(await findUnderlay("127.0.0.1")).toEqual({ interface: "lo", mtu: 65_536 });
  });
});
