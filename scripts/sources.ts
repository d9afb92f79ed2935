// Reads the repository's own sources for the checks that concern their shape (layers, style tests): which files there are, what each
// imports, which functions it has. Parsed by oxc, which also reads AssemblyScript (it complains about decorators on functions and goes on).

import { globSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { parseSync } from "oxc-parser";

export const root = dirname(import.meta.dirname);

/** Paths of all TypeScript and AssemblyScript sources under these folders, relative to the root, in order. */
export function sources(...folders: string[]): string[] {
  return folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root })).sort();
}

export function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

export interface Import {
  /** As written. */
  specifier: string;
  /** The file that a relative specifier names, relative to the root; null for a package or a Node module. */
  file: string | null;
}

/** Files that start as threads of their own: `new URL("./x.ts", import.meta.url)`. */
const MODULE_URL = /new URL\(\s*["'](\.[^"']+\.ts)["'],\s*import\.meta\.url,?\s*\)/g;

/** Everything that a file imports, re-exports or loads: static, `import type`, dynamic with a literal, and modules named by URL. */
export function imports(file: string, text = read(file)): Import[] {
  const { module } = parseSync(file, text);
  const specifiers = [
    ...module.staticImports.map((entry) => entry.moduleRequest.value),
    ...module.staticExports.flatMap((entry) => entry.entries.map(({ moduleRequest }) => moduleRequest?.value)),
    ...module.dynamicImports.map(
      ({ moduleRequest }) => /^["'`]([^"'`$]+)["'`]$/.exec(text.slice(moduleRequest.start, moduleRequest.end))?.[1],
    ),
    ...[...text.matchAll(MODULE_URL)].map((match) => match[1]),
  ];
  return [...new Set(specifiers.filter((specifier) => specifier !== undefined))].map((specifier) => ({
    specifier,
    file: specifier.startsWith(".") ? resolve(file, specifier) : null,
  }));
}

function resolve(from: string, specifier: string): string {
  const path = posix.join(posix.dirname(from), specifier);
  return path.endsWith(".ts") ? path : `${path}.ts`;
}

export interface FunctionBody {
  name: string;
  /** First line, counted from 1. */
  line: number;
  /** Lines from the one that opens the function to the one that closes it. */
  lines: number;
}

interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

/** Every function, method and arrow function of a file with its length. */
export function functions(file: string, text = read(file)): FunctionBody[] {
  const starts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  const lineOf = (offset: number) => starts.findLastIndex((start) => start <= offset) + 1;
  const found: FunctionBody[] = [];
  const visit = (value: unknown, name: string): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, name);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    const node = value as Node;
    const own = nameOf(node) ?? name;
    if (FUNCTIONS.has(node.type)) found.push({ name: own, line: lineOf(node.start), lines: lineOf(node.end - 1) - lineOf(node.start) + 1 });
    for (const [key, child] of Object.entries(node)) if (key !== "id" && key !== "key") visit(child, own);
  };
  visit(parseSync(file, text).program, "anonymous");
  return found;
}

/** The name that a declaration, a method or a variable gives to the function in it. */
function nameOf(node: Node): string | undefined {
  const id = (node.id ?? node.key) as { name?: string } | null | undefined;
  return typeof id === "object" && typeof id?.name === "string" ? id.name : undefined;
}
