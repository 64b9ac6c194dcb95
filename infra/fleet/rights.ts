import { type ApiKeyStatus, MasumiError } from "../../providers/masumi/service/index.ts";
import type { StackConfig } from "../config.ts";

/** What keeps an API key from registering on the stack's network; undefined if nothing does. */
export function rightsProblem(
  key: ApiKeyStatus,
  { network }: StackConfig,
  { spends }: { readonly spends: boolean },
): MasumiError | undefined {
  if (!key.NetworkLimit.includes(network)) {
    return new MasumiError({
      code: "KEY_OF_OTHER_NETWORK",
      what: `The API key may use ${key.NetworkLimit.join(", ") || "no network"}, not ${network}.`,
      remedy: `Use a key of ${network}, or set masumi:network to the key's network.`,
    });
  }
  if (!spends || key.canPay) return undefined;
  return new MasumiError({
    code: "KEY_CANNOT_PAY",
    what: `The API key has the right ${key.permission}; registering needs ReadAndPay.`,
    remedy:
      "Ask the service's administrator for a ReadAndPay key limited to the selling wallet. A Read key is enough for preview.",
  });
}
