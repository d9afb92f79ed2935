// What the outer IP header says of the inner one: TOS (DSCP inherited or fixed, ECN by RFC 6040) and TTL, both ways.

import { C_ECN_SUSPECT } from "../abi/counter";
import { N_TOS, N_TTL } from "../abi/network";
import { DROP_IP_TUNNEL_ECN, DROP_NONE } from "../abi/reason";
import { etherType, l3 } from "../offload/frame";
import { segments } from "../offload/superframe";
import { count } from "../ring/counter";
import { networkAt } from "../table/network";
import { adjust } from "../wire/checksum";
import { TYPE_IPV4, TYPE_IPV6 } from "../wire/ethernet";
import { IPV4_CHECKSUM, IPV4_TOS, IPV4_TTL } from "../wire/ipv4";
import { IPV6_HOPS, ipv6TrafficClass, setIpv6TrafficClass } from "../wire/ipv6";

const ECN: u32 = 3;
const NOT_ECT: u32 = 0;
const ECT_1: u32 = 1;
const ECT_0: u32 = 2;
const CE: u32 = 3;
/** Of frames that are not IP, when the network says "inherit". */
const TTL_DEFAULT: u32 = 64;

@inline
function innerTos(): u32 {
  if (etherType == TYPE_IPV4) return <u32>load<u8>(l3, IPV4_TOS);
  return etherType == TYPE_IPV6 ? ipv6TrafficClass(l3) : 0;
}

/** Outer TOS: RFC 6040 section 4.1 normal mode copies both ECN bits; DSCP is the inner one or the network's (RFC 2983). */
export function outerTos(network: u32): u32 {
  const inner = innerTos();
  const fixed = load<i32>(networkAt(network) + N_TOS);
  return fixed < 0 ? inner : (<u32>fixed & ~ECN) | (inner & ECN);
}

/** Outer TTL: the network's, or the inner packet's. */
export function outerTtl(network: u32): u32 {
  const fixed = load<i32>(networkAt(network) + N_TTL);
  if (fixed > 0) return <u32>fixed;
  if (etherType == TYPE_IPV4) return max<u32>(1, load<u8>(l3, IPV4_TTL));
  return etherType == TYPE_IPV6 ? max<u32>(1, load<u8>(l3, IPV6_HOPS)) : TTL_DEFAULT;
}

/**
 * RFC 6040 section 4.2, figure 4: what the inner ECN field becomes. CE outside an inner Not-ECT is a drop; the other cells
 * that the RFC asks to log are counted and change nothing; ECT(1) outside changes an inner ECT(0) alone. Rewrites the frame just parsed; returns DROP_NONE or the reason.
 */
export function decapsulateEcn(network: u32, tos: u32): u32 {
  const outer = tos & ECN;
  if (outer == NOT_ECT || (etherType != TYPE_IPV4 && etherType != TYPE_IPV6)) return DROP_NONE;
  const inner = innerTos() & ECN;
  if (inner == NOT_ECT && outer == CE) return DROP_IP_TUNNEL_ECN;
  // The cells marked (!) and (!!!).
  if (inner == NOT_ECT || (inner == ECT_1 && outer == ECT_0) || (inner == CE && outer == ECT_1)) {
    count(network, C_ECN_SUSPECT, segments);
    return DROP_NONE;
  }
  if (inner == CE || inner == outer) return DROP_NONE;
  if (outer == CE) {
    setInnerEcn(CE);
  } else if (outer == ECT_1) {
    setInnerEcn(ECT_1);
  }
  return DROP_NONE;
}

function setInnerEcn(value: u32): void {
  if (etherType == TYPE_IPV6) {
    setIpv6TrafficClass(l3, (ipv6TrafficClass(l3) & ~ECN) | value);
    return;
  }
  const before = <u32>load<u16>(l3);
  store<u8>(l3, (load<u8>(l3, IPV4_TOS) & <u8>~ECN) | <u8>value, IPV4_TOS);
  store<u16>(l3, adjust(load<u16>(l3, IPV4_CHECKSUM), before, load<u16>(l3)), IPV4_CHECKSUM);
}
