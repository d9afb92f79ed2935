import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

const program = (module: string, after = "") => `
  import { registerHooks } from "node:module";
  let loads = 0;
  registerHooks({ load: (url, context, next) => { if (url.includes("@peculiar/x509")) loads++; return next(url, context); } });
  const loaded = await import(${JSON.stringify(new URL(module, import.meta.url).href)});
  ${after}
  console.log(loads);
  process.exit();
`;

function loads(code: string): number {
  const argv = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", code];
  return Number(execFileSync(process.execPath, argv, { encoding: "utf8" }));
}

test("the library is loaded once it is asked for", () => {
  expect(loads(program("../../../host/cluster/x509.ts", "await loaded.loadX509();"))).toBeGreaterThan(0);
});

test("an agent that comes back does without it", () => {
  expect(loads(program("../../../host/agent/member/run.ts"))).toBe(0);
});
