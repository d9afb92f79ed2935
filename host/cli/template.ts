// The part of Go's templates that `docker … --format` is mostly used for: `{{.Field}}`, `{{.Map.key}}`, `{{json .Field}}`,
// `{{index .Map "key"}}` and `{{range .List}}…{{end}}`, in text where \t and \n stand for what they do in C. Anything else is refused by name. Pure.

import { UsageError, ValueError } from "../model/errors.ts";

/** Text for one value. Throws UsageError when a field is not there. */
export type Template = (value: unknown) => string;

const ACTION = /\{\{(.*?)\}\}/gs;
const KNOWN = 'only {{.Field}}, {{json .Field}}, {{index .Field "key"}} and {{range .Field}}…{{end}} are known here';
const RANGE = /^range\s+(\.|(?:\.[\p{L}\p{N}_-]+)+)$/u;
const EXPRESSION = /^(?:(json)\s+)?(\.|(?:\.[\p{L}\p{N}_-]+)+)$|^index\s+(\.|(?:\.[\p{L}\p{N}_-]+)+)((?:\s+"[^"]*")+)$/u;

/** Reads a template. Throws ValueError. */
export function compile(text: string): Template {
  // Those that are open: the whole, and each range in the one before it.
  const open: { parts: Template[]; each: string[] | null }[] = [{ parts: [], each: null }];
  let end = 0;
  for (const match of text.matchAll(ACTION)) {
    const { parts, each } = open[open.length - 1];
    parts.push(literal(text.slice(end, match.index)));
    end = match.index + match[0].length;
    const source = match[1].trim();
    const ranged = RANGE.exec(source);
    if (ranged) open.push({ parts: [], each: fieldsOf(ranged[1]) });
    else if (source !== "end") parts.push(expression(source));
    else {
      if (each === null) throw new ValueError("{{end}} ends no {{range}}");
      open.pop();
      open[open.length - 1].parts.push(range(each, joined(parts)));
    }
  }
  const rest = literal(text.slice(end));
  if (open.length > 1) throw new ValueError("a {{range}} has no {{end}}");
  return joined([...open[0].parts, rest]);
}

function joined(parts: readonly Template[]): Template {
  return (value) => parts.map((part) => part(value)).join("");
}

/** Of a map its values, in the order of their keys, as in Go. */
function range(fields: readonly string[], each: Template): Template {
  return (value) => {
    const found = pick(value, fields);
    if (found === null) return "";
    if (typeof found !== "object") throw new UsageError(`--format: {{range .${fields.join(".")}}}: it is one value, not many`);
    const keys = Object.keys(found);
    const values = found as Record<string, unknown>;
    return (Array.isArray(found) ? keys : keys.sort()).map((key) => each(values[key])).join("");
  };
}

function literal(text: string): Template {
  if (text.includes("{{")) throw new ValueError("a {{ is not closed");
  const plain = text.replace(/\\([tn\\])/g, (_, letter) => ({ t: "\t", n: "\n", "\\": "\\" })[letter as "t"]);
  return () => plain;
}

function expression(source: string): Template {
  const match = EXPRESSION.exec(source);
  if (match === null) throw new ValueError(`{{${source}}}: ${KNOWN}`);
  const [, json, path, indexed, keys] = match;
  if (indexed === undefined) {
    const fields = fieldsOf(path);
    return (value) => (json === undefined ? show(pick(value, fields)) : JSON.stringify(pick(value, fields)));
  }
  const fields = fieldsOf(indexed);
  const names = [...keys.matchAll(/"([^"]*)"/g)].map(([, key]) => key);
  // A map that lacks the key gives nothing, as in Go.
  return (value) => show(names.reduce<unknown>((inner, key) => own(inner, key), pick(value, fields)));
}

function fieldsOf(path: string): string[] {
  return path === "." ? [] : path.slice(1).split(".");
}

function pick(value: unknown, fields: readonly string[]): unknown {
  return fields.reduce<unknown>((inner, field) => {
    const found = own(inner, field);
    if (found !== undefined) return found;
    const names = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? Object.keys(inner) : [];
    throw new UsageError(`--format: there is no field .${field} here${names.length > 0 ? ` (there are: ${names.join(", ")})` : ""}`);
  }, value);
}

function own(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function show(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
