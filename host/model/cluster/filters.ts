// Docker's filters: values of one key are alternatives, different keys must all hold, and labels must all hold. A key or value that means nothing
// is refused by name, by the command line before anybody is asked. `name` and `id` match anywhere, `^` and `$` tie them down; no other pattern is read: it would
// be run on a manager. Pure.

import { UsageError } from "../errors.ts";

export type Filters = Record<string, string[]>;

/** Of `network ls`. Throws UsageError. */
export function judgeNetworkFilters(filters: Filters): void {
  refuseUnknownFilters(filters, ["driver", "id", "label", "name", "scope", "type", "dangling"]);
  for (const type of filters.type ?? []) {
    if (type !== "custom" && type !== "builtin") throw new UsageError(`invalid filter 'type=${type}': it is custom or builtin`);
  }
  booleanFilter(filters, "dangling");
}

/** Of `network prune`. Throws UsageError. */
export function judgePruneFilters(filters: Filters): void {
  refuseUnknownFilters(filters, ["until", "label", "label!"]);
  untilFilter(filters, 0);
}

/** Of `node ls`. Throws UsageError. */
export function judgeNodeFilters(filters: Filters): void {
  refuseUnknownFilters(filters, ["id", "name", "role"]);
  for (const role of filters.role ?? []) {
    if (role !== "worker" && role !== "manager") throw new UsageError(`invalid filter 'role=${role}': it is worker or manager`);
  }
}

function refuseUnknownFilters(filters: Filters, known: readonly string[]): void {
  const unknown = Object.keys(filters).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new UsageError(`invalid filter ${unknown.map((key) => `'${key}'`).join(", ")} (known: ${known.join(", ")})`);
}

/** One of the values is the text; true also when nothing is asked. */
export function isOneOf(values: string[] | undefined, text: string): boolean {
  return values === undefined || values.length === 0 || values.includes(text);
}

/** One of the values is a part of the text. */
export function matchesOneOf(values: string[] | undefined, text: string): boolean {
  return values === undefined || values.length === 0 || values.some((value) => matches(value, text));
}

function matches(pattern: string, text: string): boolean {
  const begins = pattern.startsWith("^");
  const ends = pattern.endsWith("$");
  const word = pattern.slice(begins ? 1 : 0, ends ? -1 : undefined);
  if (begins && ends) return text === word;
  if (begins) return text.startsWith(word);
  return ends ? text.endsWith(word) : text.includes(word);
}

/** `key` or `key=value`, all of them. */
export function hasLabels(values: string[] | undefined, labels: Record<string, string>): boolean {
  return (values ?? []).every((value) => hasLabel(value, labels));
}

/** None of `label!=key` or `label!=key=value`. */
export function lacksLabels(values: string[] | undefined, labels: Record<string, string>): boolean {
  return !(values ?? []).some((value) => hasLabel(value, labels));
}

function hasLabel(value: string, labels: Record<string, string>): boolean {
  const split = value.indexOf("=");
  const key = split < 0 ? value : value.slice(0, split);
  return Object.hasOwn(labels, key) && (split < 0 || labels[key] === value.slice(split + 1));
}

/** A filter that is true or false, or null when it is not there. Throws UsageError. */
export function booleanFilter(filters: Filters, key: string): boolean | null {
  const values = new Set((filters[key] ?? []).map((value) => readBoolean(key, value)));
  if (values.size > 1) throw new UsageError(`invalid filter '${key}': it is asked to be both true and false`);
  return [...values][0] ?? null;
}

function readBoolean(key: string, value: string): boolean {
  if (["1", "true"].includes(value.toLowerCase())) return true;
  if (["0", "false"].includes(value.toLowerCase())) return false;
  throw new UsageError(`invalid filter '${key}=${value}': it is true or false`);
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `until`: a time (RFC 3339 or seconds since 1970), or how long ago (`10m`, `1h30m`). Milliseconds since 1970, null when it is not there. */
export function untilFilter(filters: Filters, now: number): number | null {
  const values = filters.until ?? [];
  if (values.length > 1) throw new UsageError("invalid filter 'until': give one");
  if (values.length === 0) return null;
  const [text] = values;
  if (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g);
    return now - [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit], 0);
  }
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new UsageError(`invalid filter 'until=${text}': expected e.g. 10m, 1h30m or 2026-01-31T12:00:00Z`);
  return time;
}
