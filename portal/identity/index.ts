export { bearerIdentity, type BearerOptions } from "./bearer.ts";
export { IssuerUnreachableError, UnauthorizedError } from "./errors.ts";
export { type LocalIssuer, LocalSignInRefusedError, openLocalIssuer } from "./local-issuer.ts";
export { type SignIn, checkIdentity, identitySettings, signInOf } from "./settings.ts";
export type { Identity, User } from "./user.ts";
export { signInOrigins } from "./token-origin.ts";
