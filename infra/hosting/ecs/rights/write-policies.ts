/**
 * Writes the policies of a stack's roles on AWS: without options those in docs/aws, which name what has to be filled in,
 * otherwise the finished ones of one stack. `npm run aws-policies -- --stack mainnet --out .masumi/aws ...`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { EXAMPLE } from "./example.ts";
import { policiesOf } from "./policies.ts";

const option = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    out: { ...option, default: "docs/aws" },
    partition: option,
    account: option,
    region: option,
    project: option,
    stack: option,
    "role-path": option,
    boundary: option,
    domain: option,
    zone: option,
    "state-bucket": option,
    "state-key": option,
    repository: option,
    documents: option,
    ledger: option,
    "kms-key": option,
  },
});

const stack = values.stack ?? EXAMPLE.stack;
const project = values.project ?? EXAMPLE.project;
const accountId = values.account ?? EXAMPLE.accountId;
const partition = values.partition ?? EXAMPLE.partition;
const policies = policiesOf({
  partition,
  accountId,
  project,
  stack,
  region: values.region ?? EXAMPLE.region,
  rolePath: values["role-path"] ?? `/${project}/${stack}/`,
  boundary: values.boundary ?? `arn:${partition}:iam::${accountId}:policy/${project}-${stack}-boundary`,
  domain: values.domain ?? EXAMPLE.domain,
  zoneId: values.zone ?? EXAMPLE.zoneId,
  stateBucket: values["state-bucket"] ?? EXAMPLE.stateBucket,
  stateKey: values["state-key"] ?? EXAMPLE.stateKey,
  repository: values.repository ?? EXAMPLE.repository,
  documents: values.documents ?? EXAMPLE.documents,
  ledger: values.ledger ?? EXAMPLE.ledger,
  kmsKey: values["kms-key"] ?? EXAMPLE.kmsKey,
});

mkdirSync(values.out, { recursive: true });
for (const [name, policy] of Object.entries(policies)) {
  writeFileSync(join(values.out, `${name}.json`), `${JSON.stringify(policy, undefined, 2)}\n`);
}
