import type { Chosen } from "../../wire.ts";

/** A form that is not sent yet, kept for the tab: paying, signing in again or a reload loses no text. */
export interface Draft {
  readonly template: string;
  readonly name: string;
  readonly bio: string;
  readonly description: string;
  readonly choices: Chosen;
  /** Sent with every try of this form, so that the portal creates one agent however often it is sent. */
  readonly idempotencyKey: string;
}

const KEY = "masumi.draft";

export const newKey = (): string => crypto.randomUUID();

export function keptDraft(): Draft {
  const texts = { template: "", name: "", bio: "", description: "" };
  const empty: Draft = { ...texts, choices: {}, idempotencyKey: newKey() };
  try {
    return { ...empty, ...(JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Partial<Draft>) };
  } catch {
    return empty;
  }
}

export const keepDraft = (draft: Draft): void => sessionStorage.setItem(KEY, JSON.stringify(draft));
export const dropDraft = (): void => sessionStorage.removeItem(KEY);
