import type { Action } from "../../infra/fleet/index.ts";
import type { ImportResult } from "../import/import.ts";
import type { Reason } from "../import/transcribe.ts";

/** Which registrations became files, and which did not and why. */
export interface ImportDocument {
  readonly version: 1;
  readonly stack: string;
  readonly written: boolean;
  readonly imported: readonly {
    readonly id: string;
    readonly file: string;
    readonly registrationId: string;
    readonly name: string;
    readonly state: string;
    readonly action: Action;
    readonly text: string;
  }[];
  readonly refused: readonly {
    readonly asked: string;
    readonly registrationId: string | null;
    readonly name: string | null;
    readonly reasons: readonly Reason[];
  }[];
}

export const importDocument = (
  stack: string,
  { drafts, refusals }: ImportResult,
  written: boolean,
): ImportDocument => ({
  version: 1,
  stack,
  written,
  imported: drafts.map(({ row, agent, text, action }) => ({
    id: agent.id,
    file: agent.file,
    registrationId: row.id,
    name: row.listing.name,
    state: row.state,
    action,
    text,
  })),
  refused: refusals.map(({ asked, row, reasons }) => ({
    asked,
    registrationId: row?.id ?? null,
    name: row?.listing.name ?? null,
    reasons,
  })),
});
