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
    ["/v1/fdb?network=7b", view.fdb().slice(0, 2)],
    ["/v1/neighbors", view.neighbors()],
    ["/v1/neighbors?network=red", view.neighbors().slice(1)],
    ["/v1/vteps", view.vteps()],
    ["/v1/vteps?network=blue", view.vteps().slice(0, 1)],
  ])("%s", (target, body) => {
    expect(route("GET", target, view)).toEqual({ status: 200, body });
  });

  test.each([
    ["GET", "/v1/fdb?network=green", 404, 'this host is in no network "green": it is in blue, red'],
    ["GET", "/v1/fdb?network=", 404, 'this host is in no network "": it is in blue, red'],
    ["GET", "/v1/fdb?network=7", 404, 'this host is in no network "7": it is in blue, red'],
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

  test("a refusal names few of many networks, and none where there is none", () => {
    const networks = (count: number) => () =>
      Array.from({ length: count }, (_, at) => ({ id: `${at}`, name: `n${at}`, vni: at + 1, mtu: 1450, ports: 0, peers: 0 }));
    const told = (count: number) => route("GET", "/v1/vteps?network=green", sampleView({ networks: networks(count) })).body;
    expect(told(7)).toEqual({ message: expect.stringMatching(/: it is in n0, n1, n2, n3, n4 and 2 more$/) });
    expect(told(0)).toEqual({ message: expect.stringMatching(/: it is in none$/) });
  });
});
