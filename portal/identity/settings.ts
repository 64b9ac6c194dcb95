import { z } from "zod";
import { isSafeUrl } from "./keys.ts";

/** Claims that users write themselves, so whoever likes could make themselves an operator. */
const OWN_CLAIM = /^(user_metadata|.*\/user_metadata|email|name|nickname|preferred_username)(\.|$)/;

const safeUrl = z
  .url({ abort: true })
  .refine(
    isSafeUrl,
    "must begin with https://, since keys are fetched from it; http:// is for this machine only",
  );

/** How the portal knows its users. Names are those of environment variables. */
export const identitySettings = z.object({
  /**
   * `iss` of the tokens, to the letter: `https://<project>.supabase.co/auth/v1`, `https://<tenant>.eu.auth0.com/` (with the slash),
   * `https://<host>/realms/<realm>`. Without it the portal signs users in itself, on 127.0.0.1 alone.
   */
  PORTAL_ISSUER: safeUrl.optional(),
  /** `aud` of the tokens: `authenticated` (Supabase), the API's identifier (Auth0), what the audience mapper adds (Keycloak). */
  PORTAL_AUDIENCE: z.string().min(1).optional(),
  /** Where the issuer's keys are, if it has no OpenID discovery. @default what discovery says */
  PORTAL_JWKS_URL: safeUrl.optional(),
  /**
   * The claim that makes a user an operator, and its value: `realm_access.roles=operator`. A claim that is a list must have the value
   * in it. Never one that users set themselves, as Supabase's user_metadata.
   */
  PORTAL_OPERATOR_CLAIM: z
    .string()
    .regex(/^[^=\s]+=[^=\s]+$/, "is written as claim=value, as in app_metadata.role=operator")
    .refine((text) => !OWN_CLAIM.test(text.split("=")[0] ?? ""), "is a claim that users set themselves")
    .default("app_metadata.role=operator")
    .transform((text) => {
      const [path = "", value = ""] = text.split("=");
      return { path, value };
    }),
  /** The claim with the user's e-mail address, if it is another. @default email */
  PORTAL_EMAIL_CLAIM: z.string().min(1).default("email"),
});

/** Settings that only make sense together. To be given to zod's `superRefine` of all settings. */
export function checkIdentity(
  settings: { readonly PORTAL_ISSUER?: string | undefined; readonly PORTAL_AUDIENCE?: string | undefined },
  context: z.core.$RefinementCtx,
): void {
  if (settings.PORTAL_ISSUER !== undefined && settings.PORTAL_AUDIENCE === undefined)
    context.addIssue({
      code: "custom",
      path: ["PORTAL_AUDIENCE"],
      message:
        "is needed beside PORTAL_ISSUER: else tokens that were meant for other services would count here",
      input: settings.PORTAL_AUDIENCE,
    });
}
