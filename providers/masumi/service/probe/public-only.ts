import { type LookupAddress, lookup } from "node:dns";
import { Agent as HttpsAgent } from "node:https";
import { type LookupFunction, isIP } from "node:net";
import { HttpAgent } from "../../../common/axios.ts";
import { isPublicAddress } from "../../../common/public-address.ts";
import { RegistrationError } from "../errors.ts";

/* Only public addresses, as for the network's registry. */

class PrivateAddressError extends Error {
  readonly code = "PRIVATE_ADDRESS";
  readonly address: string;

  constructor(address: string) {
    super(`${address} is a private address`);
    this.address = address;
  }
}

/** Returns whether an error is our lookup's, which the HTTP library may have wrapped. */
export const isPrivateAddressError = (error: unknown): error is { address: string } =>
  error instanceof PrivateAddressError ||
  (error instanceof Error && error.cause instanceof PrivateAddressError) ||
  (error as { code?: unknown }).code === "PRIVATE_ADDRESS";

/** Resolves names itself, so the address that was checked is the address that is used. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const refused = addresses?.find(({ address }) => !isPublicAddress(address));
    const [first] = addresses ?? [];
    if (error || !first) callback(error ?? new Error("no address"), "", 0);
    else if (refused) callback(new PrivateAddressError(refused.address), "", 0);
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** Returns agents that only connect to public addresses. Names are checked when they are resolved, literals immediately. */
export function publicOnly(url: string) {
  const literal = new URL(url).hostname.replace(/^\[|\]$/g, "");
  if (isIP(literal) !== 0 && !isPublicAddress(literal)) throw privateAddress(url, literal);
  return {
    httpAgent: new HttpAgent({ lookup: lookupPublic }),
    httpsAgent: new HttpsAgent({ lookup: lookupPublic }),
  };
}

export const privateAddress = (url: string, address: string) =>
  new RegistrationError({
    code: "AGENT_ADDRESS_PRIVATE",
    what: `${url} resolves to ${address}, which the network cannot reach. No ADA was spent.`,
  });
