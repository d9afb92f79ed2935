import { describe, expect, test } from "vitest";
import { refuse, route } from "../../../host/api/routes.ts";
import { VERSION } from "../../../host/model/version.ts";
import { sampleView } from "../view.ts";

const view = sampleView();

describe("routes", () => {
  test("info", () => {
    expect(route("GET", "/v1/info", view)).toEqual({
      status: 200,
      body: { version: VERSION, name: "a", vtep: "10.99.0.1", dataPort: 4789, backend: "native" },
    });
  });

  test.each([
    ["/v1/networks", view.networks()],
    ["/v1/networks?network=red", view.networks().slice(1)],
    ["/v1/fdb", view.fdb()],
    ["/v1/fdb?network=blue", view.fdb().slice(0, 2)],
    ["/v1/neighbors", view.neighbors()],
    ["/v1/neighbors?network=red", view.neighbors().slice(1)],
    ["/v1/vteps", view.vteps()],
    ["/v1/vteps?network=blue", view.vteps().slice(0, 1)],
  ])("%s", (target, body) => {
    expect(route("GET", target, view)).toEqual({ status: 200, body });
  });

  test.each([
    ["GET", "/v1/fdb?network=green", 404, 'network "green" not found'],
    ["GET", "/v1/fdb?network=", 404, 'network "" not found'],
    ["GET", "/v1/fdb?network=a&network=b", 400, 'parameter "network" is given twice'],
    ["GET", "/v1/fdb?vni=1", 400, '/v1/fdb has no parameter "vni"'],
    ["GET", "/v1/info?network=blue", 400, '/v1/info has no parameter "network"'],
    ["GET", "/", 404, "no such path: /"],
    ["GET", "/v1/constructor", 404, "no such path: /v1/constructor"],
    ["GET", "/v2/fdb", 404, "no such path: /v2/fdb"],
    ["POST", "/v1/fdb", 405, "/v1/fdb can only be read (GET)"],
    ["DELETE", "/v1/info", 405, "/v1/info can only be read (GET)"],
  ])("%s %s is %d", (method, target, status, message) => {
    expect(route(method, target, view)).toEqual(refuse(status, message));
  });
});
