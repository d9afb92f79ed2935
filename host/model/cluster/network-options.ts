// A new network's name, driver and driver options, in Docker's words: judged by the command line before anybody is asked, and by a manager. Pure.

import { UsageError, ValueError } from "../errors.ts";
import { OVERLAY_MTU_MIN_IPV6, overlayMtu } from "../mtu.ts";
import { VNI_MAX } from "../vni.ts";
import { type NetworkRecord, PROBE_VNI } from "./records.ts";

/** Docker's own for the same two things. */
export const DOCKER_VNI_OPTION = "com.docker.network.driver.overlay.vxlanid_list";
const DOCKER_MTU_OPTION = "com.docker.network.driver.mtu";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const NAME_CHARACTERS_MAX = 63;
/** Docker has networks of its own by these names; `host` and `none` mean something to `docker run`. */
const PREDEFINED = ["bridge", "default", "host", "none"];

/** A name for a network or node. Throws UsageError. */
export function checkedName(what: string, name: string): string {
  if (!NAME.test(name)) {
    throw new UsageError(
      `invalid ${what} name ${JSON.stringify(name)}: it must start with a letter or digit and hold only those, _, . and -`,
    );
  }
  if (name.length > NAME_CHARACTERS_MAX) throw new UsageError(`${what} name must be ${NAME_CHARACTERS_MAX} characters or fewer`);
  return name;
}

/** Throws UsageError. */
export function checkedNetworkName(name: string): string {
  if (PREDEFINED.includes(name)) throw new UsageError(`operation is not permitted on predefined ${name} network: choose another name`);
  return checkedName("network", name);
}

/** Throws UsageError. */
export function checkedDriver(driver: string): void {
  if (driver !== "overlay") throw new UsageError(`driver ${JSON.stringify(driver)} is not known: networks here are of driver overlay`);
}

/** What the options say; null = not said. Throws UsageError. */
export function networkOptions(options: Record<string, string>, ipv6: boolean): { vni: number | null; mtu: NetworkRecord["mtu"] } {
  const known = ["vni", DOCKER_VNI_OPTION, "mtu", DOCKER_MTU_OPTION];
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown.length > 0) throw new UsageError(`unknown option ${unknown.join(", ")}: a network takes vni and mtu`);
  const vni = oneOf(options, "vni", DOCKER_VNI_OPTION);
  const mtu = oneOf(options, "mtu", DOCKER_MTU_OPTION);
  return { vni: vni && vniOf(vni), mtu: mtu && mtuOf(mtu, ipv6) };
}

interface Given {
  key: string;
  text: string;
}

function oneOf(options: Record<string, string>, ...keys: [string, string]): Given | null {
  const given = keys.flatMap((key) => (options[key] === undefined ? [] : [{ key, text: options[key] }]));
  if (given.length > 1) throw new UsageError(`options ${keys[0]} and ${keys[1]} are the same thing: give one`);
  return given[0] ?? null;
}

function vniOf({ key, text }: Given): number {
  if (text.includes(",")) throw new UsageError(`option ${key}=${text}: a network has one VNI, however many subnets`);
  const vni = wholeNumber(key, text);
  if (vni < 1 || vni > VNI_MAX) throw new UsageError(`option ${key}=${text}: a VNI is from 1 to ${VNI_MAX - 1}`);
  if (vni === PROBE_VNI) throw new UsageError(`option ${key}=${text}: VNI ${PROBE_VNI} is kept for probes between hosts`);
  return vni;
}

function mtuOf({ key, text }: Given, ipv6: boolean): number {
  const mtu = wholeNumber(key, text);
  if (ipv6 && mtu < OVERLAY_MTU_MIN_IPV6) {
    throw new UsageError(`option ${key}=${text}: IPv6 needs at least ${OVERLAY_MTU_MIN_IPV6} bytes (RFC 8200 section 5)`);
  }
  try {
    return overlayMtu(mtu);
  } catch (error) {
    if (error instanceof ValueError) throw new UsageError(`option ${key}: ${error.message}`, { cause: error });
    throw error;
  }
}

function wholeNumber(key: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`option ${key}=${text} is not a whole number`);
  return Number(text);
}
