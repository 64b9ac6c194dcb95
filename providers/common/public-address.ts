import { BlockList, isIP, isIPv4 } from "node:net";
import table from "../../crew/src/crew_runtime/public_addresses.json" with { type: "json" };

/** Returns a list of networks that are written as address/prefix. */
function listOf(type: "ipv4" | "ipv6", networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    list.addSubnet(address, Number(prefix), type);
  }
  return list;
}

const CLOSED_4 = listOf("ipv4", Object.keys(table.ipv4.closed));
const OPEN_6 = listOf("ipv6", [table.ipv6.open]);
const CLOSED_6 = listOf("ipv6", Object.keys(table.ipv6.closed));
const HOLDS_IPV4 = listOf("ipv6", Object.keys(table.ipv6.holdsIpv4));

/** Returns the IPv4 address in the last 32 bits of an IPv6 address. */
function innerIpv4(address: string): string {
  // The URL parser writes any spelling in one form, in which the last two groups are hexadecimal, or left out for zeros.
  const written = new URL(`http://[${address.replace(/%.*$/, "")}]`).hostname.slice(1, -1);
  const [high = "", low = ""] = written.split(":").slice(-2);
  const bits = (Number.parseInt(high || "0", 16) << 16) | Number.parseInt(low || "0", 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join(".");
}

/**
 * Returns whether the public network can reach an IP address: the table of the crew runtime decides, so the probe, documents
 * and a crew's tools agree. An address that holds an IPv4 address counts as that one.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !CLOSED_4.check(address, "ipv4");
  if (HOLDS_IPV4.check(address, "ipv6")) return isPublicAddress(innerIpv4(address));
  return OPEN_6.check(address, "ipv6") && !CLOSED_6.check(address, "ipv6");
}

/** Names that are never in the public DNS: RFC 6761, RFC 6762, RFC 8375 and ICANN's `internal`. */
const PRIVATE_NAME = /(^|\.)(localhost|local|internal|home\.arpa)\.?$/;

/**
 * Returns whether a URL's host is, by its looks, one that only this machine or its network can reach. Names are not resolved,
 * so a public name may still lead to a private address.
 */
export function isPrivateUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0) return !isPublicAddress(host);
  return PRIVATE_NAME.test(host) || !host.replace(/\.$/, "").includes(".");
}
