import type { AgentPaymentSource, WalletType } from "./agent.ts";
import { type PriceProblem, amountOf } from "./schema/assets.ts";
import type { Complain } from "./load/located.ts";
import type { Declaration } from "./schema/schema.ts";
import type { X402Place, X402Settings } from "./schema/x402.ts";
import { didYouMean } from "./schema/suggest.ts";

type Declared = Pick<Declaration, "sources" | "payment">;
type DeclaredSource = NonNullable<Declared["sources"]>[number];

interface Offered {
  /** masumi:x402 */
  readonly x402?: X402Settings | undefined;
  /** Undefined where that is unknown. */
  readonly wallets: readonly { readonly type: WalletType }[] | undefined;
}

/** Returns the ways to pay an agent beside its Cardano price, with what the stack says of each. */
export function resolveSources(
  { sources = [], payment }: Declared,
  runsInRuntime: boolean,
  { x402 = {}, wallets }: Offered,
  complain: Complain,
): AgentPaymentSource[] {
  if (sources.length === 0) return [];
  if (runsInRuntime) {
    complain(
      ["sources"],
      "the crew runtime takes no payments by x402",
      "remove it, or use an image of your own or url, whose agent takes them itself",
      "key",
    );
  }
  if (payment === "V1" || (payment === undefined && wallets?.every(({ type }) => type === "V1"))) {
    complain(
      ["sources"],
      "V1 registrations have no further ways to pay",
      "remove it, or use a V2 wallet",
      "key",
    );
  }
  const seen = new Map<string, number>();
  return sources.flatMap((source, index) => {
    const place = ownOf(x402, source.x402);
    if (!place) {
      complain(
        ["sources", index, "x402"],
        `the stack has no x402 entry "${source.x402}"`,
        `${didYouMean(source.x402, Object.keys(x402))} (the stack's owners add it to masumi:x402)`,
      );
      return [];
    }
    const resolved = resolveSource(source, place, (problem) =>
      complain(["sources", index, "pricing", "fixed"], problem.message, problem.remedy),
    );
    if (!resolved) return [];
    const key = JSON.stringify([resolved.network, resolved.payTo, resolved.pricing]).toLowerCase();
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, index);
    else complain(["sources", index], `is the same as sources[${earlier}]`, "remove one");
    return [resolved];
  });
}

/** An author may write any name, also one that every object has. */
const ownOf = <Value>(named: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(named, name) ? named[name] : undefined;

function resolveSource(
  { x402: name, pricing }: DeclaredSource,
  { network, payTo, tokens }: X402Place,
  complain: (problem: PriceProblem) => void,
): AgentPaymentSource | undefined {
  if (typeof pricing === "string") return { x402: name, network, payTo, pricing: { type: pricing } };
  const [, tokenName = ""] = / (\S+)$/.exec(pricing.fixed.trim()) ?? [];
  const token = ownOf(tokens, tokenName);
  if (!token) {
    const known = Object.keys(tokens);
    complain({
      message: `"${pricing.fixed}" is in ${tokenName}, which is not a token of masumi:x402.${name}`,
      remedy: known.length > 0 ? didYouMean(tokenName, known) : "the stack's owners add it there",
    });
    return undefined;
  }
  const price = amountOf(pricing.fixed, { token: tokenName, decimals: token.decimals });
  if ("message" in price) {
    complain({ ...price, message: `"${pricing.fixed}" ${price.message}` });
    return undefined;
  }
  const { amount, human } = price;
  const { address: asset, decimals, extra } = token;
  return {
    x402: name,
    network,
    payTo,
    ...(extra ? { extra } : {}),
    pricing: { type: "fixed", asset, amount, decimals, human },
  };
}
