import type { Hono } from "hono";
import type { User } from "../identity/user.ts";

export type Admission =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly reason: "subscription" | "limit"; readonly checkoutUrl?: string };

export interface BillingStatus {
  readonly state: "none" | "active" | "trialing" | "past_due" | "lapsed";
  readonly plan: string | null;
  readonly allowed: number | null;
  readonly drainsAt: string | null;
}

export interface Gate {
  admit(user: User, agents: number, signal?: AbortSignal): Promise<Admission>;
  status(user: User): Promise<BillingStatus>;
  checkout(user: User, returnUrl: string): Promise<string>;
  customerPortal(user: User, returnUrl: string): Promise<string>;
  routes?(app: Hono): void;
  lapsed?(now: Date): Promise<readonly string[]>;
}
