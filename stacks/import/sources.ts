import { formatUnits } from "../../providers/common/amounts.ts";
import type { X402Settings } from "../../infra/declarations/index.ts";
import type { X402Source } from "../../providers/masumi/service/index.ts";
import type { Reason } from "./reason.ts";

interface DeclaredSource {
  readonly x402: string;
  readonly pricing: string | { readonly fixed: string };
}

interface Transcribed {
  readonly sources: readonly DeclaredSource[];
  /** Why the stack has no words for some. */
  readonly reasons: readonly Reason[];
}

/** Return further ways to pay as a declaration says them, by the names of masumi:x402. */
export function transcribeSources(sources: readonly X402Source[], x402: X402Settings = {}): Transcribed {
  const reasons: Reason[] = [];
  const named = sources.flatMap((source, index): DeclaredSource[] => {
    const { network, payTo, pricing } = source;
    const fitting = Object.entries(x402).filter(
      ([, place]) => place.network === network && place.payTo.toLowerCase() === payTo.toLowerCase(),
    );
    for (const [name, place] of fitting) {
      if (pricing.type !== "fixed") return [{ x402: name, pricing: pricing.type }];
      const token = Object.entries(place.tokens).find(
        ([, { address, decimals }]) =>
          address.toLowerCase() === pricing.asset && decimals === pricing.decimals,
      );
      if (!token) continue;
      const fixed = `${formatUnits(BigInt(pricing.amount), pricing.decimals)} ${token[0]}`;
      return [{ x402: name, pricing: { fixed } }];
    }
    const inToken = pricing.type === "fixed" ? `, in the token ${pricing.asset}` : "";
    reasons.push({
      field: `sources[${index}]`,
      message: `it pays ${payTo} on ${network}${inToken}, for which masumi:x402 of this stack has no entry`,
      remedy: "the stack's owners add one if that is where its money is to go",
    });
    return [];
  });
  return { sources: named, reasons };
}
