/** Writes docs/aws, the policies of a stack's roles on AWS: `npm run aws-policies`. Those of a real stack: `masumi-agents bootstrap aws`. */
import { writeFileSync } from "node:fs";
import { EXAMPLE } from "./example.ts";
import { policiesOf } from "./policies.ts";

for (const [name, policy] of Object.entries(policiesOf(EXAMPLE))) {
  writeFileSync(`docs/aws/${name}.json`, `${JSON.stringify(policy, undefined, 2)}\n`);
}
