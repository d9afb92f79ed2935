// The keyed hash of tables and flows. Keyed, because containers choose their MACs and ports: without the secret nobody can
// aim at one bucket or one socket (RFC 7348 section 5 asks the same of the outer source port).

import { H_HASH_KEY, HEADER } from "../abi/layout";

/** Multiply-xorshift of 64 bits (the finaliser of SplitMix64, Steele et al., OOPSLA 2014). */
@inline
export function mix(value: u64): u64 {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

@inline
export function hashKey(): u64 {
  return load<u64>(HEADER + H_HASH_KEY);
}
