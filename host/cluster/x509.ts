// The library that makes certificates. It is large, and an agent that comes back makes none: it is loaded when it is first asked for. Main thread.

import type * as X509 from "@peculiar/x509";

export async function loadX509(): Promise<typeof X509> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}
