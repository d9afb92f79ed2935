// Kinds of values that a key of weft.yaml can have: a zod schema and the words that docs/config.md uses for it.
// A kind turns what YAML gave into what host/model wants (canonical addresses, parsed host:port); what it refuses, it refuses
// with a sentence that makes sense behind "file:line:column: path: ".

import { isAbsolute } from "node:path";
import { z } from "zod";
import { messageOf, ValueError } from "../model/errors.ts";
import { formatCidr, parseCidr, unicastIp } from "../model/ip.ts";
import { formatMac, parseUnicastMac } from "../model/mac.ts";

export interface Kind<T> {
  schema: z.ZodType<T>;
  /** For the table in docs/config.md. */
  words: string;
}

/** sun_path of unix(7) is 108 bytes with its NUL. */
const SOCKET_PATH_BYTES_MAX = 107;
/** IFNAMSIZ of linux/if.h is 16 with its NUL. */
const INTERFACE_BYTES_MAX = 15;
const NAME_CHARACTERS_MAX = 128;
const PATH_BYTES_MAX = 4096;

/** A whole number in a range, both ends included. */
export function integer(least: number, most: number): Kind<number> {
  const error = (issue: { input?: unknown }) => `${String(issue.input)} is out of range (${least}..${most})`;
  return { schema: z.int().min(least, { error }).max(most, { error }), words: `whole number ${least}..${most}` };
}

export function flag(): Kind<boolean> {
  return { schema: z.boolean(), words: "`true` or `false`" };
}

export function choice<const T extends string>(...values: T[]): Kind<T> {
  const schema = z.enum(values as [T, ...T[]]) as unknown as z.ZodType<T>;
  return { schema, words: values.map((value) => `\`${value}\``).join(" or ") };
}

/** A number that goes through `read`, which may throw ValueError. */
export function number(words: string, read: (value: number) => number): Kind<number> {
  return { schema: z.number().transform(reading(read)), words };
}

/** Text that goes through `read`, which may throw ValueError. */
export function text<T>(words: string, read: (value: string) => T): Kind<T> {
  return { schema: z.string().transform(reading(read)), words };
}

/** `inherit`, or a number that `check` accepts. */
export function inheritOr(least: number, most: number, check: (value: number) => string | null = () => null): Kind<number | "inherit"> {
  const words = `\`inherit\` or a whole number ${least}..${most}`;
  const range = z.union([z.literal("inherit"), z.int().min(least).max(most)], {
    error: (issue) => `expected inherit or a whole number ${least}..${most}, got ${quote(issue.input)}`,
  });
  const schema = range.superRefine((value, context) => {
    const refusal = value === "inherit" ? null : check(value);
    if (refusal !== null) context.addIssue(refusal);
  });
  return { schema, words };
}

export function list<T>(item: Kind<T>, most: number): Kind<T[]> {
  return { schema: z.array(item.schema).max(most), words: `list of: ${item.words}` };
}

/** One value or a list of them; always a list afterwards. */
export function oneOrMany<T>(item: Kind<T>, most: number): Kind<T[]> {
  const schema = z.preprocess((value) => (Array.isArray(value) || value === undefined ? value : [value]), z.array(item.schema).max(most));
  return { schema: schema as z.ZodType<T[]>, words: `${item.words}, or a list of them` };
}

export const name = text("name: letters, digits, `_`, `.`, `-`", (value) => {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(value)) {
    throw new ValueError(`${quote(value)} is not a name: it must start with a letter or digit and hold only letters, digits, _, . and -`);
  }
  if (value.length > NAME_CHARACTERS_MAX)
    throw new ValueError(`a name has at most ${NAME_CHARACTERS_MAX} characters, this one ${value.length}`);
  return value;
});

export const ip = text("IP address", unicastIp);
export const cidr = text("address with prefix length", (value) => formatCidr(parseCidr(value)));
export const mac = text("MAC address", (value) => formatMac(parseUnicastMac(value)));

/** dev_valid_name of net/core/dev.c; `%` would be a pattern to TUNSETIFF. */
export const interfaceName = text(`interface name, at most ${INTERFACE_BYTES_MAX} characters`, (value) => {
  if (value.length > INTERFACE_BYTES_MAX) {
    throw new ValueError(`${quote(value)} has ${value.length} characters; an interface name has at most ${INTERFACE_BYTES_MAX}`);
  }
  if (!/^[\x21-\x7e]+$/.test(value) || /[/:%]/.test(value) || value === "." || value === "..") {
    throw new ValueError(`${quote(value)} is not an interface name (no space, /, : or %)`);
  }
  return value;
});

export const netns = text("name under `/run/netns`, or absolute path", (value) => {
  const isName = value !== "" && !value.includes("/") && value !== "." && value !== "..";
  if (value.includes("\0") || Buffer.byteLength(value) >= PATH_BYTES_MAX || !(isName || isAbsolute(value))) {
    throw new ValueError(`${quote(value)} is neither a name under /run/netns nor an absolute path`);
  }
  return value;
});

export const socketPath = text("absolute path", (value) => {
  if (!isAbsolute(value) || value.endsWith("/") || value.includes("\0"))
    throw new ValueError(`${quote(value)} is not an absolute path of a socket`);
  const bytes = Buffer.byteLength(value);
  if (bytes > SOCKET_PATH_BYTES_MAX)
    throw new ValueError(`the path has ${bytes} bytes; that of a unix socket has at most ${SOCKET_PATH_BYTES_MAX}`);
  return value;
});

/** `host:port`, IPv6 in brackets, or `off`. */
export const hostPort = text("`HOST:PORT` or `off`", (value): { host: string; port: number } | null => {
  if (value === "off") return null;
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65535)
    throw new ValueError(`${quote(value)} is neither HOST:PORT (port 1..65535, IPv6 in brackets) nor off`);
  if (match[1] !== undefined) {
    // In brackets: IPv6 only.
    if (!match[1].includes(":")) throw new ValueError(`${quote(value)}: brackets are for IPv6 addresses`);
    return { host: bindable(match[1]), port };
  }
  const isNumeric = /^[\d.]+$/.test(match[2]);
  if (!isNumeric && !/^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/.test(match[2]))
    throw new ValueError(`${quote(match[2])} is not a host name`);
  return { host: isNumeric ? bindable(match[2]) : match[2], port };
});

/** What YAML gave, short enough for one line. */
export function quote(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  const written = typeof value === "string" ? JSON.stringify(value) : String(value);
  return written.length > 80 ? `${written.slice(0, 77)}...` : written;
}

/** Like unicastIp, but 0.0.0.0 and :: mean "all addresses" to a listener. */
function bindable(host: string): string {
  return host === "0.0.0.0" || host === "::" ? host : unicastIp(host);
}

/** Makes a zod transform of a function that throws. */
function reading<I, O>(read: (value: I) => O): (value: I, context: z.core.$RefinementCtx<I>) => O {
  return (value, context) => {
    try {
      return read(value);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      context.addIssue(messageOf(error));
      return z.NEVER;
    }
  };
}
