// npm run demo: weft's main job on this machine, told to someone who has never seen an overlay network: a cluster of three "hosts" (network
// namespaces) with real containers and real packets. With --static: the same without a cluster, from files. Every claim is checked. Ends with
// exit code 0 only if all of them held, and leaves nothing behind.

import { parseArgs } from "node:util";
import { Lab } from "../lab/lab.ts";
import { playCluster } from "./demo/cluster/play.ts";
import { playStatic } from "./demo/static/play.ts";
import { elapsedSeconds, say, table, tally, title } from "./demo/tell.ts";

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { static: { type: "boolean", default: false }, help: { type: "boolean", short: "h" } } });
  if (values.help) {
    console.log(
      "npm run demo               a cluster of three hosts\nnpm run demo -- --static   hosts with a file each, and one with Linux's own vxlan",
    );
    return;
  }
  title("weft: containers on different machines, one network");
  const lab = await Lab.open();
  try {
    await (values.static ? playStatic(lab) : playCluster(lab));
  } finally {
    await lab.close();
  }
  const { passed, failed } = tally;
  console.log();
  if (failed.length)
    table(
      ["what failed"],
      failed.map((what) => [what]),
    );
  say(`${passed} checks passed, ${failed.length} failed, in ${elapsedSeconds().toFixed(0)} seconds.`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

await main().catch((error: unknown) => {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof TypeError ? 2 : 1;
});
