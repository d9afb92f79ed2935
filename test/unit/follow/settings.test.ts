import { expect, test } from "vitest";
import { settingsOf } from "../../../host/follow/settings.ts";
import { networkRecord } from "./records.ts";

test("a network of the cluster learns nothing and believes members only", () => {
  const settings = settingsOf(networkRecord("w1", { name: "blue", vni: 5000, mtu: 1400 }));
  expect(settings).toMatchObject({ name: "blue", vni: 5000, mtu: 1400, learning: false, allowUnlistedSources: false });
});
