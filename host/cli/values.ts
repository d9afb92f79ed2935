// What the flags take: each reads a text or throws ValueError, and asFlag() makes of it what commander wants. Pure.

import { constants } from "node:os";
import { resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import { messageOf, ValueError } from "../model/errors.ts";
import { canonicalIp, familyOf, formatCidr, parseCidr, unicastIp } from "../model/ip.ts";
import { formatMac, parseUnicastMac } from "../model/mac.ts";

/** sun_path of unix(7) is 108 bytes with its NUL. */
const SOCKET_PATH_BYTES_MAX = 107;
/** RFC 1035 section 2.3.4. */
const HOST_NAME_CHARACTERS_MAX = 253;
const NAME_CHARACTERS_MAX = 63;

export interface HostPort {
  host: string;
  port: number;
}

/** For commander: a flag that is given once. */
export function asFlag<T>(read: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return read(text);
    } catch (error) {
      if (error instanceof ValueError) throw new InvalidArgumentError(`${messageOf(error)}.`);
      throw error;
    }
  };
}

/** For commander: a flag that may be given again, or with commas between values where `commas` says so. */
export function asFlags<T>(read: (text: string) => T, commas = false): (text: string, before?: T[]) => T[] {
  const one = asFlag(read);
  return (text, before = []) => [...before, ...(commas ? text.split(",") : [text]).map((part) => one(part))];
}

export function whole(min: number, max: number): (text: string) => number {
  return asFlag((text) => {
    if (!/^\d+$/.test(text) || Number(text) < min || Number(text) > max)
      throw new ValueError(`Expected a whole number from ${min} to ${max}`);
    return Number(text);
  });
}

export function ipv4(text: string): string {
  return ofFamily(text, 4);
}

export function ipv6(text: string): string {
  return ofFamily(text, 6);
}

function ofFamily(text: string, family: 4 | 6): string {
  const ip = unicastIp(text);
  if (familyOf(ip) !== family) throw new ValueError(`Expected an IPv${family} address`);
  return ip;
}

export function mac(text: string): string {
  return formatMac(parseUnicastMac(text));
}

/** `ADDRESS/LENGTH`, canonical. Bits behind the prefix stay for whoever asks about them. */
export function cidr(text: string): string {
  return formatCidr(parseCidr(text));
}

/** `KEY=VALUE`; a KEY alone has the empty value, as Docker's labels and options. */
export function keyValue(text: string): [string, string] {
  const at = text.indexOf("=");
  const key = at < 0 ? text : text.slice(0, at);
  if (key === "") throw new ValueError("Expected KEY=VALUE");
  return [key, at < 0 ? "" : text.slice(at + 1)];
}

/** `KEY=VALUE`, both of them. */
export function pair(text: string): [string, string] {
  const [key, value] = keyValue(text);
  if (value === "") throw new ValueError("Expected KEY=VALUE");
  return [key, value];
}

/** Docker's filters: several values of a key are alternatives. */
export function filtersOf(pairs: readonly [string, string][] = []): Record<string, string[]> {
  const filters = new Map<string, string[]>();
  for (const [key, value] of pairs) filters.set(key, [...(filters.get(key) ?? []), value]);
  return Object.fromEntries(filters);
}

/** A name of a node or container, as Docker has them. */
export function name(text: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text) || text.length > NAME_CHARACTERS_MAX)
    throw new ValueError(`Expected a letter or digit, then letters, digits, _, . and -, at most ${NAME_CHARACTERS_MAX} characters`);
  return text;
}

/** A path, made absolute: the agent has another working directory. */
export function path(text: string): string {
  if (text === "" || text.includes("\0")) throw new ValueError("Expected a path");
  return resolve(text);
}

export function socketPath(text: string): string {
  const absolute = path(text);
  const bytes = Buffer.byteLength(absolute);
  if (bytes > SOCKET_PATH_BYTES_MAX)
    throw new ValueError(`The path has ${bytes} bytes; that of a unix socket has at most ${SOCKET_PATH_BYTES_MAX}`);
  return absolute;
}

/** `HOST:PORT`, IPv6 in brackets; where there is a `defaultPort`, HOST alone. */
export function hostPort(defaultPort?: number): (text: string) => HostPort {
  const form = `Expected HOST${defaultPort === undefined ? ":PORT" : "[:PORT]"} (IPv6 in brackets, port 1 to 65535)`;
  return (text) => {
    const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
    const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
    if (match === null || port === undefined || port < 1 || port > 65_535) throw new ValueError(form);
    return { host: match[1] === undefined ? host(match[2]) : inBrackets(match[1]), port };
  };
}

function inBrackets(text: string): string {
  const ip = canonicalIp(text);
  if (familyOf(ip) !== 6) throw new ValueError("Brackets are for IPv6 addresses");
  return ip;
}

function host(text: string): string {
  if (/^[\d.]+$/.test(text)) return canonicalIp(text);
  if (!/^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/.test(text) || text.length > HOST_NAME_CHARACTERS_MAX)
    throw new ValueError(`${JSON.stringify(text)} is not a host name`);
  return text;
}

export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** E.g. TERM, SIGTERM or 15 → SIGTERM. */
export function signal(text: string): NodeJS.Signals {
  const upper = text.toUpperCase();
  const known = Object.entries(constants.signals).find(
    ([name, number]) => name === upper || name === `SIG${upper}` || String(number) === text,
  );
  if (known === undefined) throw new ValueError("Expected a signal, such as TERM or 15");
  return known[0] as NodeJS.Signals;
}
