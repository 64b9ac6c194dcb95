import type { ApiKeyStatus } from "../client/wire.ts";
import { SettingsError } from "../errors.ts";
import type { Network } from "../model.ts";

/**
 * Returns why a key must not be used on a network; undefined if it may. Pure.
 *
 * @param name what the message calls the key
 */
export const adminKeyProblem = (
  name: string,
  { canAdmin }: Pick<ApiKeyStatus, "canAdmin">,
  network: Network,
): SettingsError | undefined =>
  network === "Mainnet" && canAdmin
    ? new SettingsError({
        code: "ADMIN_KEY_REFUSED",
        what: `${name} is an admin key, which can empty every wallet of the payment service; none is used on Mainnet.`,
      })
    : undefined;
