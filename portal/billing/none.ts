import type { Gate } from "./gate.ts";

/** Everybody is admitted, and nobody pays. */
export const noGate: Gate = {
  admit: () => Promise.resolve({ admitted: true }),
  status: () => Promise.resolve({ state: "none", plan: null, allowed: null, drainsAt: null }),
  checkout: (_user, returnUrl) => Promise.resolve(returnUrl),
  customerPortal: (_user, returnUrl) => Promise.resolve(returnUrl),
};
