import { expect, test } from "vitest";
import { closeFd } from "../../../host/sys/fd.ts";
import { addressOf, errno, open, read, strerror, write } from "../../../host/sys/libc.ts";

test("addresses as Numbers reach the bytes that they name", () => {
  const zero = open("/dev/zero", 0);
  const bytes = new Uint8Array(4096).fill(7);
  expect(read(zero, addressOf(bytes.buffer) + 1000, 8)).toBe(8);
  expect([...bytes.subarray(998, 1010)]).toEqual([7, 7, 0, 0, 0, 0, 0, 0, 0, 0, 7, 7]);
  closeFd(zero);
});

test("a shared memory's address is the same from every view and stays", () => {
  const { buffer } = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  expect(addressOf(buffer)).toBe(addressOf(new Int32Array(buffer).buffer));
  expect(addressOf(buffer) % 4096).toBe(0);
});

test("errno tells why the last call failed", () => {
  expect(write(-1, 0, 1)).toBe(-1);
  expect(errno()).toBe(9);
  expect(strerror(9)).toBe("Bad file descriptor");
});
