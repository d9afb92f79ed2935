import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type MetricsServer, serveMetrics } from "../../../host/metrics/server.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { eventually } from "../../../lab/wait.ts";
import { sampleView } from "../view.ts";

let server: MetricsServer | undefined;
afterEach(() => server?.close());

const start = async (view = sampleView()) => {
  server = await serveMetrics({ host: "127.0.0.1", port: 0 }, view);
  return `http://127.0.0.1:${server.port}`;
};

describe("the metrics server", () => {
  test("/metrics is Prometheus text", async () => {
    const response = await fetch(`${await start()}/metrics?x=1`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toContain('weft_fdb_entries{network="blue",vni="42",state="learned"} 1\n');
  });

  test("/ leads there, with the node's name made safe", async () => {
    const node = () => ({ name: 'a<b>&"', vtep: "10.0.0.1", dataPort: 4789, backend: "dgram" });
    const page = await (await fetch(await start(sampleView({ node })))).text();
    expect(page).toContain('<a href="/metrics">');
    expect(page).toContain("on a&#60;b&#62;&#38;&#34;</h1>");
  });

  test("anything else is 404, and only reading is answered", async () => {
    const base = await start();
    const missing = await fetch(`${base}/other`);
    expect([missing.status, await missing.text()]).toEqual([404, "not found: the metrics are at /metrics\n"]);
    const posted = await fetch(`${base}/metrics`, { method: "POST", body: "x" });
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    const head = await fetch(`${base}/metrics`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(Number(head.headers.get("content-length"))).toBeGreaterThan(1000);
  });

  test("a view that fails is a 500 with its reason, and the next scrape works", async () => {
    let broken = true;
    const view = sampleView();
    const base = await start({
      ...view,
      stats: () => {
        if (broken) throw new Error("no stats\nat all");
        return view.stats();
      },
    });
    const response = await fetch(`${base}/metrics`);
    expect([response.status, await response.text()]).toEqual([500, "no stats; at all\n"]);
    broken = false;
    expect((await fetch(`${base}/metrics`)).status).toBe(200);
  });

  test("connections that say nothing keep a scraper out for seconds, not for longer", async () => {
    const base = await start();
    const idle = Array.from({ length: 64 }, () => connect(Number(new URL(base).port), "127.0.0.1").on("error", () => {}));
    try {
      await Promise.all(idle.map((socket) => once(socket, "connect")));
      await expect(fetch(`${base}/metrics`)).rejects.toThrow();
      const answered = () => fetch(`${base}/metrics`).then(({ ok }) => ok);
      await eventually("the metrics to be there again", answered, 25_000);
    } finally {
      for (const socket of idle) socket.destroy();
    }
  }, 40_000);

  test("headers that are too large are refused", async () => {
    const response = await fetch(await start(), { headers: { x: "y".repeat(9000) } });
    expect(response.status).toBe(431);
  });

  test("an address in use is one line", async () => {
    await start();
    const port = server?.port ?? 0;
    const second = serveMetrics({ host: "127.0.0.1", port }, sampleView());
    await expect(second).rejects.toThrow(
      `metrics: cannot listen at 127.0.0.1:${port}: the address is in use; set metrics to another address or to off`,
    );
    await expect(second).rejects.toBeInstanceOf(OperationError);
  });

  test("closing cuts open connections and frees the address", async () => {
    await start();
    const port = server?.port ?? 0;
    const socket = connect(port, "127.0.0.1");
    const closed = new Promise((done) => socket.on("close", done));
    await new Promise((done) => socket.on("connect", done));
    await server?.close();
    await closed;
    server = await serveMetrics({ host: "127.0.0.1", port }, sampleView());
    expect(server.port).toBe(port);
  });
});
