import { noBilling } from "./errors.ts";
import type { Gate } from "./gate.ts";

/** Whoever is signed in may have any number of agents. */
export const noGate: Gate = {
  admit: () => Promise.resolve({ admitted: true, allowed: null }),
  status: () => Promise.resolve({ state: "none", plan: null, allowed: null, drainsAt: null }),
  checkout: () => Promise.reject(noBilling()),
  customerPortal: () => Promise.reject(noBilling()),
};
