// What is told of iperf3's errors; the tests themselves run in test/netns/measure.

import { expect, test } from "vitest";
import { explain } from "../../../host/measure/iperf.ts";

test.each([
  ["unable to connect to server: Connection refused", /^10\.0\.0\.2 port 5201: no server there: run 'weft bench serve' on that host/],
  ["the server is busy running a test. try again later", /^10\.0\.0\.2 port 5201: the server is busy .*--port$/],
  ["unable to connect to server: Connection timed out", /no answer: is that host up, and may TCP and UDP go to port 5201 there\?$/],
  ["unable to connect to server: Operation now in progress", /no answer/],
  ["unable to connect to server: No route to host", /^10\.0\.0\.2 port 5201: No route to host$/],
  ["control socket has closed unexpectedly", /^10\.0\.0\.2 port 5201: iperf3 says: control socket has closed unexpectedly$/],
])("%s", (error, line) => {
  expect(explain(error, { address: "10.0.0.2", port: 5201 })).toMatch(line);
});
