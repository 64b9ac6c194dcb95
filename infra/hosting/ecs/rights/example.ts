import type { PolicyTarget } from "./places.ts";

/** The stack that docs/aws is written for: the shipped one, with what differs in capitals. */
export const EXAMPLE = {
  partition: "aws",
  accountId: "ACCOUNT_ID",
  region: "REGION",
  project: "masumi-agents",
  stack: "preprod",
  rolePath: "/masumi-agents/preprod/",
  boundary: "arn:aws:iam::ACCOUNT_ID:policy/masumi-agents-preprod-boundary",
  domain: "agents.example.com",
  zoneId: "ZONE_ID",
  stateBucket: "STATE_BUCKET",
  stateKey: "arn:aws:kms:REGION:ACCOUNT_ID:key/STATE_KEY_ID",
  repository: "OWNER/REPOSITORY",
  documents: "DOCUMENTS_BUCKET",
  ledger: "LEDGER_BUCKET",
  kmsKey: "arn:aws:kms:REGION:ACCOUNT_ID:key/KEY_ID",
} as const satisfies PolicyTarget;
