// What lies at an address of this process, read through the kernel as a system call would.

import { closeSync, openSync, readSync } from "node:fs";

export function memoryAt(address: number, length: number): ArrayBuffer {
  const memory = openSync("/proc/self/mem", "r");
  const bytes = new Uint8Array(length);
  try {
    readSync(memory, bytes, 0, length, address);
  } finally {
    closeSync(memory);
  }
  return bytes.buffer;
}
