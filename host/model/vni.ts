// The VXLAN Network Identifier: 24 bits (RFC 7348 section 5).

import { VNI_MAX } from "../../assembly/abi/limits.ts";
import { ValueError } from "./errors.ts";

export { VNI_MAX };

declare const brand: unique symbol;
export type Vni = number & { readonly [brand]: "vni" };

/** Checks a number. Throws ValueError. */
export function vni(value: number): Vni {
  if (!Number.isInteger(value)) throw new ValueError(`${value} is not a whole number`);
  if (value < 0) throw new ValueError(`${value} is negative (0..${VNI_MAX})`);
  if (value > VNI_MAX) throw new ValueError(`${value} is more than 24 bits hold (0..${VNI_MAX})`);
  return value as Vni;
}
