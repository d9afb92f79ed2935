// The payload of the lab's UDP datagrams: a number, then bytes that follow from the number and the place, so that a receiver can check each
// datagram by itself.

/** The number of the datagram that ends a run. */
export const END = 0xffffffff;

/** Datagrams that may be on their way: the receiver answers the last of each such run, and the sender waits for that. */
export const RUN = 32;

function byteAt(number: number, place: number): number {
  return (number * 31 + place * 7) & 0xff;
}

/** Fills a datagram of at least 4 bytes. */
export function fill(datagram: Buffer, number: number): void {
  datagram.writeUInt32BE(number >>> 0, 0);
  for (let place = 4; place < datagram.length; place++) datagram[place] = byteAt(number, place);
}

/** True when nothing in it was changed. */
export function intact(datagram: Buffer): boolean {
  if (datagram.length < 4) return false;
  const number = datagram.readUInt32BE(0);
  for (let place = 4; place < datagram.length; place++) if (datagram[place] !== byteAt(number, place)) return false;
  return true;
}
