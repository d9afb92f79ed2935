// Places in a YAML file: from a path (`networks`, 0, `vni`) to line and column, and keys that are given twice. Pure.

import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from "yaml";

export type Path = readonly (string | number)[];

/** Something wrong at a path. `key`: the place is the last key itself, not its value. */
export interface Issue {
  path: Path;
  message: string;
  key?: boolean;
  /** Where it is, when the path alone does not say. */
  offset?: number;
  /** Something is not there. Told last: a mistyped key, whose right name is then missing, says more. */
  missing?: boolean;
}

export interface Place {
  /** Offset into the text in UTF-16 units, for ordering. */
  offset: number;
  /** 1-based `line:column`. */
  lineColumn: string;
  /** The path as it is printed, without what the file does not have (a list's index where the file has a single value). */
  path: Path;
}

/** `networks[0].vni`. */
export function pathText(path: Path): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");
}

/** Where a path is in the file; a missing part is placed at the map or list that should hold it. */
export function placeOf(document: Document, lines: LineCounter, issue: Issue): Place {
  let node = resolve(document, document.contents as Node | null);
  let offset = startOf(node) ?? 0;
  const printed: (string | number)[] = [];
  for (const [depth, part] of issue.path.entries()) {
    if (!isMap(node) && !isSeq(node)) break;
    printed.push(part);
    const pair = isMap(node) ? pairOf(node.items as Pair<Node, Node | null>[], part) : undefined;
    const child = isMap(node) ? pair?.value : (node.items[part as number] as Node | undefined);
    if (pair === undefined && child === undefined) break;
    const atKey = issue.key === true && depth === issue.path.length - 1;
    offset = (atKey ? startOf(pair?.key) : (startOf(child) ?? startOf(pair?.key))) ?? offset;
    node = resolve(document, child ?? null);
  }
  if (issue.offset !== undefined) offset = issue.offset;
  const { line, col } = lines.linePos(offset);
  return { offset, lineColumn: `${line}:${col}`, path: printed };
}

/** Every key that is given twice in its map, at its second place. */
export function repeatedKeys(document: Document, lines: LineCounter): Issue[] {
  const found: Issue[] = [];
  const walk = (node: unknown, path: Path): void => {
    if (isSeq(node)) for (const [i, item] of node.items.entries()) walk(item, [...path, i]);
    if (!isMap(node)) return;
    const seen = new Map<string, number>();
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const name = keyText(pair.key);
      const offset = startOf(pair.key) ?? 0;
      const first = seen.get(name);
      if (first === undefined) seen.set(name, offset);
      else {
        found.push({ path: [...path, name], message: `is given twice, first on line ${lines.linePos(first).line}`, key: true, offset });
      }
      walk(pair.value, [...path, name]);
    }
  };
  walk(document.contents, []);
  return found;
}

function pairOf(items: Pair<Node, Node | null>[], name: string | number): Pair<Node, Node | null> | undefined {
  return items.find((pair) => keyText(pair.key) === String(name));
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function startOf(node: Node | null | undefined): number | undefined {
  return node?.range?.[0];
}

function resolve(document: Document, node: Node | null): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}
