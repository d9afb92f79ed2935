// The /etc/resolv.conf and /etc/hosts that a container gets. Any thread.

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const READABLE = 0o644;

/** What a resolver on the host's loopback answers cannot be asked from another namespace. */
const LOOPBACK = /^\s*nameserver\s+(127\.|::1\s*$|::ffff:127\.)/;

const LOOPBACK_NAMES = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback";

/** The host's, without its resolvers on loopback. `files`: where those of the host may be, the first that leaves a resolver counts. */
export function hostResolvConf(files: readonly string[] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]): string {
  const texts = files.map((file) => withoutLoopback(read(file)));
  return texts.find((text) => /^\s*nameserver\s/m.test(text)) ?? texts[0] ?? "";
}

/** What is mounted at these two places in a container: for whoever it runs as to read, and for root alone to change, whatever umask the agent was started with. */
export function writeNames(directory: string, hostname: string, addresses: readonly string[]): void {
  for (const [name, text] of [
    ["resolv.conf", hostResolvConf()],
    ["hosts", hostsFile(hostname, addresses)],
  ]) {
    writeFileSync(join(directory, name), text);
    chmodSync(join(directory, name), READABLE);
  }
}

/** The container's own name at its addresses, below the lines of the file as it is that tell something else. */
export function hostsFile(hostname: string, addresses: readonly string[], before: string = LOOPBACK_NAMES): string {
  const own = `\t${hostname}`;
  const others = before.split("\n").filter((line) => line !== "" && !line.endsWith(own));
  return `${[...others, ...addresses.map((address) => `${address}${own}`)].join("\n")}\n`;
}

function withoutLoopback(text: string): string {
  return text
    .split("\n")
    .filter((line) => !LOOPBACK.test(line))
    .join("\n");
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
