import { z } from "@hono/zod-openapi";
import { run } from "../schemas.ts";

/** What operators are answered; /openapi.json is made of these, too. Amounts are in ADA. */

const time = z.iso.datetime();

export const fleet = z
  .object({
    id: z.string(),
    stack: z.string(),
    agents: z.int(),
    most: z.int().openapi({ description: "So many agents it has room for." }),
    state: z.enum(["deployed", "behind", "running", "failed"]),
    commit: z.string().nullable().openapi({ description: "The newest commit that has something for it." }),
    deployedCommit: z.string().nullable(),
    lastRunAt: time.nullable(),
  })
  .openapi("Fleet");

export type FleetView = z.output<typeof fleet>;

export const wallet = z
  .object({
    vkey: z.string(),
    address: z.string().nullable(),
    type: z.enum(["V1", "V2"]),
    fleets: z.array(z.string()).openapi({ description: "The fleets that register with it." }),
    ada: z.string().nullable().openapi({ description: "What is at its address; null if that is not known." }),
    low: z.boolean().openapi({ description: "Whether it is too little to register another agent." }),
    detail: z.string().nullable().openapi({ description: "Why the balance is not known." }),
  })
  .openapi("Wallet");

export type WalletView = z.output<typeof wallet>;

export const spending = z
  .object({
    fees: z.string(),
    locked: z.string().openapi({ description: "Beside the tokens of registrations; burning one frees it." }),
    days: z.array(
      z.object({
        day: z.string().openapi({ description: "A month, in UTC.", example: "2026-11" }),
        fees: z.string(),
        registrations: z.int(),
      }),
    ),
  })
  .openapi("Spending");

export type SpendingView = z.output<typeof spending>;

export const drift = z
  .object({
    checkedAt: time.nullable().openapi({ description: "Null if this portal has deployed no fleet." }),
    drift: z.array(
      z.object({
        fleet: z.string(),
        agentId: z.string().nullable(),
        kind: z
          .string()
          .openapi({ description: "`problem` if a fleet could not be compared.", example: "orphan" }),
        detail: z.string(),
      }),
    ),
  })
  .openapi("Drift");

export type DriftView = z.output<typeof drift>;

export const runWithLog = run.extend({ log: z.string() }).openapi("RunWithLog");

export type RunWithLogView = z.output<typeof runWithLog>;
