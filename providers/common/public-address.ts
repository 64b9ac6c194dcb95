import { BlockList, isIP, isIPv6 } from "node:net";

/** Special-purpose ranges of RFC 6890 and its successors that the public network cannot reach. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const) {
  PRIVATE.addSubnet(network, prefix, "ipv4");
}
for (const [network, prefix] of [
  ["::", 127],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001:db8::", 32],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const) {
  PRIVATE.addSubnet(network, prefix, "ipv6");
}

/** Returns whether the public network can reach an IP address. IPv4-mapped IPv6 addresses count as IPv4. */
export const isPublicAddress = (address: string): boolean =>
  !PRIVATE.check(address, isIPv6(address) ? "ipv6" : "ipv4");

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
