// The /etc/resolv.conf and /etc/hosts that a container gets. Any thread.

import { readFileSync } from "node:fs";

/** What a resolver on the host's loopback answers cannot be asked from another namespace. */
const LOOPBACK = /^\s*nameserver\s+(127\.|::1\s*$|::ffff:127\.)/;

/** The host's, without its resolvers on loopback. `files`: where those of the host may be, the first that leaves a resolver counts. */
export function hostResolvConf(files: readonly string[] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]): string {
  const texts = files.map((file) => withoutLoopback(read(file)));
  return texts.find((text) => /^\s*nameserver\s/m.test(text)) ?? texts[0] ?? "";
}

/** Loopback, and the container's own name at its addresses. */
export function hostsFile(hostname: string, addresses: readonly string[]): string {
  const lines = [
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    ...addresses.map((address) => `${address}\t${hostname}`),
  ];
  return `${lines.join("\n")}\n`;
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
