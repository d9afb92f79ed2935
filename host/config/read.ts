// Reads weft.yaml: text → YAML → keys (host/config/keys.ts) → rules (host/config/rules.ts) → StaticConfig. What is wrong comes
// out as one UsageError of one line, `file:line:column: path: what`, that of the earliest place. Nothing is created
// and, but for readConfig, nothing is opened. Main thread, at start.

import { readFileSync, statSync } from "node:fs";
import { type Document, isScalar, LineCounter, parseDocument } from "yaml";
import type { NetworkConfig, StaticConfig } from "../model/config.ts";
import { messageOf, UsageError } from "../model/errors.ts";
import { explain, issuesOf } from "./explain.ts";
import { mapOf, type ValueOf } from "./key.ts";
import { type NETWORK_KEYS, SECTIONS, TOP_KEYS } from "./keys.ts";
import { type Issue, type Path, pathText, placeOf, repeatedKeys } from "./place.ts";
import { checkRules } from "./rules.ts";

/** A file larger than this is no configuration. */
export const FILE_BYTES_MAX = 16777216;

/** Aliases that are followed: more is a file made to explode. */
const ALIASES_MAX = 100;

const schema = mapOf(TOP_KEYS).schema;

/** A configuration and the file that it came from. */
export interface ConfigFile {
  config: StaticConfig;
  /**
   * The error for something that only the machine can tell to be wrong, at its place: `errorAt(["networks", 0, "ports", 1, "netns"], "…")`.
   * The path has the file's keys (`address`, `ageing`).
   */
  errorAt(path: Path, message: string): UsageError;
}

/** Reads and checks a file. Throws UsageError (exit 2). */
export function readConfig(file: string): StaticConfig {
  return readConfigFile(file).config;
}

/** The same, for who finds more wrong later and must name its place. */
export function readConfigFile(file: string): ConfigFile {
  let bytes: Uint8Array;
  try {
    const { size } = statSync(file);
    if (size > FILE_BYTES_MAX) throw new UsageError(`${file}: has ${size} bytes; a configuration has at most ${FILE_BYTES_MAX}`);
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UsageError(`${file}: is not UTF-8 text`, { cause });
  }
  return parseConfigFile(text, file);
}

/** Checks the text of a file; `file` is only named in errors. Throws UsageError (exit 2). */
export function parseConfig(text: string, file: string): StaticConfig {
  return parseConfigFile(text, file).config;
}

function parseConfigFile(text: string, file: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseYaml(text, file, lines);
  const errorOf = (issues: Issue[]): UsageError => {
    const places = issues.map((issue) => ({ ...issue, ...placeOf(document, lines, issue) }));
    const [first] = places.sort((a, b) => Number(a.missing ?? false) - Number(b.missing ?? false) || a.offset - b.offset);
    return new UsageError(`${file}:${first.lineColumn}: ${first.path.length === 0 ? "" : `${pathText(first.path)}: `}${first.message}`);
  };
  const repeated = repeatedKeys(document, lines);
  if (repeated.length > 0) throw errorOf(repeated);
  const parsed = schema.safeParse(toPlain(document, file), { error: explain });
  if (!parsed.success) throw errorOf(issuesOf(parsed.error, keysAt));
  const config = configOf(parsed.data);
  const issues = checkRules(config);
  if (issues.length > 0) throw errorOf(issues);
  return { config, errorAt: (path, message) => errorOf([{ path, message }]) };
}

/** YAML 1.2, one document, text keys, no unknown tags. */
function parseYaml(text: string, file: string, lines: LineCounter): Document {
  let document: Document;
  try {
    // Repeated keys are found by our own walk, which knows their path.
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, stringKeys: true, logLevel: "error" });
  } catch (cause) {
    throw new UsageError(`${file}: is not YAML that can be read: ${messageOf(cause)}`, { cause });
  }
  const wrong = document.errors[0] ?? document.warnings[0];
  if (wrong !== undefined) {
    const { line, col } = lines.linePos(wrong.pos[0]);
    const what = wrong.code === "MULTIPLE_DOCS" ? "a second document begins; a configuration is one" : messageOf(wrong).split("; ")[0];
    throw new UsageError(`${file}:${line}:${col}: ${what}`, { cause: wrong });
  }
  if (isEmpty(document)) throw new UsageError(`${file}:1:1: the file is empty; it needs at least node and networks`);
  return document;
}

function isEmpty(document: Document): boolean {
  return document.contents === null || (isScalar(document.contents) && document.contents.value === null);
}

function toPlain(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (cause) {
    throw new UsageError(`${file}: ${messageOf(cause)}`, { cause });
  }
}

/** The keys that the map at this path may have. */
function keysAt(path: readonly PropertyKey[]): string[] {
  const section = pathText(path.map((part) => (typeof part === "number" ? part : String(part)))).replace(/\[\d+\]/g, "[]");
  return Object.keys(SECTIONS.find((known) => known.path === section)?.keys ?? {});
}

/** From the file's names to the model's. */
function configOf(file: ValueOf<typeof TOP_KEYS>): StaticConfig {
  return { ...file, networks: file.networks.map(networkOf) };
}

function networkOf({ ageing, ports, ...rest }: ValueOf<typeof NETWORK_KEYS>): NetworkConfig {
  return { ...rest, ageingSeconds: ageing, ports: ports.map(({ address, ...port }) => ({ ...port, addresses: address })) };
}
