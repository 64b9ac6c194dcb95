import { isPrivateUrl } from "../../providers/common/public-address.ts";
import type { AgentListing, WalletType } from "./agent.ts";
import type { Complain } from "./load/located.ts";
import type { Declaration } from "./schema/schema.ts";

type Declared = Pick<Declaration, "listing" | "url" | "payment">;

/** What a stack offers; undefined where that is unknown. */
interface Offered {
  readonly wallets: readonly { readonly type: WalletType }[] | undefined;
  readonly allowPrivateUrls?: boolean | undefined;
}

/** Returns how the registry is to list an agent; undefined as a standard one. Complains of what a stack cannot do. */
export function resolveListing(
  declaration: Declared,
  context: Offered,
  complain: Complain,
): AgentListing | undefined {
  const { listing } = declaration;
  if (listing === undefined) return undefined;
  const { type, ...more } = typeof listing === "string" ? { type: listing } : listing;
  if (type === "standard") return undefined;
  if (type === "a2a") checkA2A(declaration, context, complain);
  checkDocumentUrl(declaration, more.document, context, complain);
  return { type, ...more };
}

/** V1 registrations cannot say it. */
function checkA2A({ payment }: Declared, { wallets }: Offered, complain: Complain): void {
  const isV1 = payment === "V1" || (payment === undefined && wallets?.every(({ type }) => type === "V1"));
  if (isV1 !== true) return;
  complain(["listing"], "a2a needs a V2 wallet", "choose another type, or a stack with a V2 wallet");
}

/** The registry fetches a document from public https URLs alone; on a simulated network, from any. */
function checkDocumentUrl(
  { url }: Declared,
  document: string | undefined,
  { allowPrivateUrls }: Offered,
  complain: Complain,
): void {
  if (allowPrivateUrls !== false) return;
  const path = document === undefined ? ["url"] : ["listing", "document"];
  const fetched = document ?? url;
  if (fetched === undefined) return;
  if (fetched.startsWith("http:")) {
    complain(
      path,
      `"${fetched}" is not https, and the registry fetches documents by no other protocol`,
      "serve it by https",
    );
  }
  if (document === undefined || !isPrivateUrl(document)) return;
  complain(
    path,
    `"${document}" is an address that only this machine or its network can reach`,
    "serve the document at a public URL (masumi:allowPrivateUrls is for simulated networks)",
  );
}
