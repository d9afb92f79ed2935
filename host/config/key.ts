// How a key of weft.yaml is declared (host/config/keys.ts holds the declarations). Pure.

import { z } from "zod";
import type { Kind } from "./kinds.ts";

export interface Key<T> {
  schema: z.ZodType<T>;
  /** What a value looks like. */
  words: string;
  /** One or two sentences of Markdown. */
  doc: string;
  /** The default as a file would have it; null = the key is required. */
  defaultText: string | null;
  /** Unit of the number, or "". */
  unit: string;
}

/** What a map with these keys becomes. */
export type ValueOf<K> = { [name in keyof K]: K[name] extends Key<infer T> ? T : never };

export function required<T>(kind: Kind<T>, doc: string): Key<T> {
  return { ...kind, doc, defaultText: null, unit: "" };
}

/** `printed` is the default as a file would have it, where that is not simply the value. */
export function optional<T>(kind: Kind<T>, byDefault: T, doc: string, options: { unit?: string; printed?: string } = {}): Key<T> {
  const schema = kind.schema.optional().transform((value) => (value === undefined ? byDefault : value)) as unknown as z.ZodType<T>;
  return { schema, words: kind.words, doc, defaultText: options.printed ?? String(byDefault), unit: options.unit ?? "" };
}

/** A map that has these keys and no others. */
export function mapOf<K extends Record<string, { schema: z.ZodType }>>(keys: K): Kind<ValueOf<K>> {
  const shape = Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, key.schema]));
  return { schema: z.strictObject(shape) as unknown as z.ZodType<ValueOf<K>>, words: "map" };
}
