import { describe, expect, it } from "vitest";
import { userOf } from "../../../portal/identity/claims.ts";
import { identitySettings } from "../../../portal/identity/settings.ts";

/** Access tokens as the issuers' own documentation shows them. Supabase: what its users set themselves is in user_metadata. */
const SUPABASE = {
  iss: "https://abcdefgh.supabase.co/auth/v1",
  sub: "8ccaa7af-909f-44e7-84cb-67cdccb56be6",
  aud: "authenticated",
  email: "ada@example.com",
  phone: "",
  app_metadata: { provider: "email", providers: ["email"] },
  user_metadata: { email: "other@example.com", email_verified: false, role: "operator" },
  role: "authenticated",
  aal: "aal1",
  amr: [{ method: "password", timestamp: 1 }],
  session_id: "4b938a09-5372-4177-a314-cfa292099ea2",
  is_anonymous: false,
};
const AUTH0 = {
  iss: "https://tenant.eu.auth0.com/",
  sub: "auth0|5f7c8ec7c33c6c004bbafe82",
  aud: ["https://portal.example.com", "https://tenant.eu.auth0.com/userinfo"],
  azp: "my_client_id",
  scope: "openid profile email",
  permissions: ["read:agents"],
};
const KEYCLOAK = {
  iss: "https://id.example.com/realms/customers",
  sub: "f1f3ef4c-4ce2-4ae1-b9d1-9c1d3d6c3b3e",
  aud: ["portal", "account"],
  typ: "Bearer",
  azp: "portal-page",
  realm_access: { roles: ["offline_access", "default-roles-customers"] },
  resource_access: { account: { roles: ["view-profile"] } },
  scope: "openid email profile",
  email_verified: true,
  email: "ada@example.com",
  preferred_username: "ada",
};

const read = (claims: object, settings: Record<string, string> = {}) => {
  const { PORTAL_OPERATOR_CLAIM, PORTAL_EMAIL_CLAIM } = identitySettings.parse(settings);
  return userOf({ ...claims }, { operator: PORTAL_OPERATOR_CLAIM, email: PORTAL_EMAIL_CLAIM });
};

describe("a user of", () => {
  it.each([
    ["Supabase Auth", SUPABASE, "ada@example.com"],
    ["Auth0, which puts no e-mail address into access tokens", AUTH0, null],
    ["Keycloak", KEYCLOAK, "ada@example.com"],
  ])("%s", (_issuer, claims, email) => {
    expect(read(claims)).toEqual({ id: claims.sub, email, isOperator: false });
  });

  it("Auth0, with an address that an action adds", () => {
    const name = "https://portal.example.com/email";
    expect(read({ ...AUTH0, [name]: "ada@example.com" }, { PORTAL_EMAIL_CLAIM: name }).email).toBe(
      "ada@example.com",
    );
  });
});

describe("an operator", () => {
  const yes: [string, string, object][] = [
    [
      "Supabase's app_metadata",
      "app_metadata.role=operator",
      { ...SUPABASE, app_metadata: { role: "operator" } },
    ],
    [
      "Supabase's list of roles",
      "app_metadata.roles=operator",
      { ...SUPABASE, app_metadata: { roles: ["a", "operator"] } },
    ],
    ["Auth0's permissions", "permissions=operate:agents", { ...AUTH0, permissions: ["operate:agents"] }],
    [
      "an Auth0 claim with a name of its own",
      "https://portal.example.com/roles=operator",
      { ...AUTH0, "https://portal.example.com/roles": ["operator"] },
    ],
    [
      "a role of Keycloak's realm",
      "realm_access.roles=operator",
      { ...KEYCLOAK, realm_access: { roles: ["operator"] } },
    ],
    [
      "a role of a Keycloak client",
      "resource_access.portal.roles=operator",
      { ...KEYCLOAK, resource_access: { portal: { roles: ["operator"] } } },
    ],
    [
      "a role of a client with dots",
      "resource_access.my.portal.roles=operator",
      { ...KEYCLOAK, resource_access: { "my.portal": { roles: ["operator"] } } },
    ],
    ["a word of the scope", "scope=operator", { ...AUTH0, scope: "openid operator" }],
    ["a claim that is true", "operator=true", { ...AUTH0, operator: true }],
  ];
  it.each(yes)("is known by %s", (_what, claim, claims) => {
    expect(read(claims, { PORTAL_OPERATOR_CLAIM: claim }).isOperator).toBe(true);
  });

  const no: [string, string, object][] = [
    ["what users say of themselves", "app_metadata.role=operator", SUPABASE],
    ["another role", "app_metadata.role=operator", { ...SUPABASE, app_metadata: { role: "operators" } }],
    [
      "a word among others",
      "app_metadata.role=operator",
      { ...SUPABASE, app_metadata: { role: "no operator" } },
    ],
    ["a part of a scope's word", "scope=operator", { ...AUTH0, scope: "openid:operator" }],
    ["a role within another list", "realm_access.roles=operator", { ...KEYCLOAK, roles: ["operator"] }],
    ["what every object has", "constructor.name=Object", KEYCLOAK],
    ["what every list has", "permissions.length=1", AUTH0],
    ["a list in a list", "permissions=operator", { ...AUTH0, permissions: [["operator"]] }],
    ["no claim", "app_metadata.role=operator", AUTH0],
  ];
  it.each(no)("is not known by %s", (_what, claim, claims) => {
    expect(read(claims, { PORTAL_OPERATOR_CLAIM: claim }).isOperator).toBe(false);
  });
});

describe("an id", () => {
  it("is as long as a declaration takes it, which is said of a longer one, as no other token would help", () => {
    expect(read({ ...AUTH0, sub: "u".repeat(128) }).id).toHaveLength(128);
    expect(() => read({ ...AUTH0, sub: "u".repeat(129) })).toThrow(
      expect.objectContaining({ status: 403, error: "user-id-too-long" }),
    );
  });
});

describe("an e-mail address counts for nothing", () => {
  it.each([
    ["if it is not verified", { email_verified: false }],
    ["if it ends a line", { email: "ada@example.com\nRequest: 1" }],
    ["if it ends a commit's field", { email: "ada@example.com> <eve@example.com" }],
    ["if it is a list of addresses", { email: "ada@example.com,eve@example.com" }],
    ["if it turns the text around", { email: "ada@example\u202e.com" }],
    ["if it has no end", { email: `${"a".repeat(250)}@example.com` }],
    ["if it is no text", { email: ["ada@example.com"] }],
  ])("%s", (_what, claims) => {
    expect(read({ ...KEYCLOAK, ...claims })).toEqual({ id: KEYCLOAK.sub, email: null, isOperator: false });
  });
});

describe("the settings", () => {
  it.each([
    ["PORTAL_OPERATOR_CLAIM", "user_metadata.role=operator"],
    ["PORTAL_OPERATOR_CLAIM", "email=boss@example.com"],
    ["PORTAL_OPERATOR_CLAIM", "role"],
    ["PORTAL_ISSUER", "http://issuer.example.com"],
    ["PORTAL_ISSUER", "issuer.example.com"],
    ["PORTAL_JWKS_URL", "http://issuer.example.com/keys"],
    ["PORTAL_AUDIENCE", ""],
  ])("refuse %s=%s", (name, value) => {
    const result = identitySettings.safeParse({ [name]: value });
    expect(result.error?.issues.map(({ path }) => path.join("."))).toEqual([name]);
  });
});
