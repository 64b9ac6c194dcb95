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
  /** How the page signs users in at PORTAL_ISSUER: its client there, and what it asks for. */
  PORTAL_CLIENT_ID: z.string().default("masumi-agents-portal"),
  PORTAL_SCOPE: z.string().default("openid email"),
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

type IdentitySettings = z.output<typeof identitySettings>;

/** What /config says of how to sign in. The page asks for the audience, because without one Auth0 gives out tokens that are no JWTs. */
export type SignIn =
  | { readonly kind: "local" }
  | {
      readonly kind: "oidc";
      readonly issuer: string;
      readonly audience: string;
      readonly clientId: string;
      readonly scope: string;
    };

/** Returns how the page signs users in. */
export function signInOf(settings: IdentitySettings): SignIn {
  const { PORTAL_ISSUER: issuer, PORTAL_AUDIENCE: audience } = settings;
  if (issuer === undefined || audience === undefined) return { kind: "local" };
  const { PORTAL_CLIENT_ID: clientId, PORTAL_SCOPE: scope } = settings;
  return { kind: "oidc", issuer, audience, clientId, scope };
}

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
