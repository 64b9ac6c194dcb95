import { z } from "zod";
import { isSafeUrl } from "./keys.ts";

const discovered = z.object({ token_endpoint: z.url() });
const ANSWERS_WITHIN_MS = 5_000;

/**
 * Returns the origins that the page talks to when it signs somebody in at an issuer: the issuer's, where discovery is, and that of its
 * token endpoint, which may be another (Google's is).
 *
 * @param say hears that the issuer did not answer, so that only its own origin is known
 */
export async function signInOrigins(issuer: string, say: (line: string) => void): Promise<readonly string[]> {
  const own = new URL(issuer).origin;
  try {
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
    const { token_endpoint: endpoint } = discovered.parse(await answer.json());
    return isSafeUrl(endpoint) ? [...new Set([own, new URL(endpoint).origin])] : [own];
  } catch (error) {
    say(
      `Where ${issuer} gives out tokens is not known, because it does not say: ${error instanceof Error ? error.message : String(error)}. ` +
        `The page may talk to ${own} alone. If that is not enough to sign in, start the portal again when the issuer answers.`,
    );
    return [own];
  }
}
