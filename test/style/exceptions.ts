// What the style tests let pass, each with its reason. An exception that no longer applies fails the test that it was made for.

/** A path relative to the root (`*` stands for a part of one name) and why the rule does not fit it. */
export type Exceptions = Record<string, string>;

/** Files of more than 400 lines. */
export const LONG_FILES: Exceptions = { "host/store/generated/rpc_pb.d.ts": "made by protoc-gen-es from etcd's API (npm run proto)" };

/** Functions of more than 70 lines: `file#name`. */
export const LONG_FUNCTIONS: Exceptions = {};

/** Sources outside host/sys that load koffi. */
export const LOADS_KOFFI: Exceptions = { "bench/stages/clock.ts": "it stands between host/sys and koffi, to time its calls" };

/** Sources with functions but without a test of their own name. */
export const WITHOUT_TWIN: Exceptions = {};

/** The exception that applies to a path. */
export function exceptionFor(exceptions: Exceptions, path: string): string | undefined {
  return Object.keys(exceptions).find((pattern) => new RegExp(`^${pattern.split("*").map(RegExp.escape).join("[^/]*")}$`).test(path));
}

/** Exceptions that matched none of the paths that broke the rule. */
export function unused(exceptions: Exceptions, broken: string[]): string[] {
  return Object.keys(exceptions).filter((pattern) => !broken.some((path) => exceptionFor({ [pattern]: "" }, path)));
}
