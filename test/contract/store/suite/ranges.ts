// Every key that begins with a prefix of plain text, as etcd has ranges.

export function keyRange(prefix: string): { key: Uint8Array; rangeEnd: Uint8Array } {
  const rangeEnd = Buffer.from(prefix);
  rangeEnd[rangeEnd.length - 1]++;
  return { key: Buffer.from(prefix), rangeEnd };
}
