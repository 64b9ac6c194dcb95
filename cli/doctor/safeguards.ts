import { hostedBy } from "../../infra/declarations/index.ts";
import { openSettings } from "../../infra/hosting/ecs/hardening.ts";
import type { StackToHost } from "./cloud.ts";
import { type Verdict, ok, skip, warn } from "./finding.ts";

/** Which settings of masumi:aws that make a stack safer are off: a reminder, on Mainnet a warning. */
export function checkSafeguards({ config, agents }: StackToHost): Verdict[] {
  const behindOwn = hostedBy("ecs-alb", agents).length > 0;
  if (!behindOwn && hostedBy("ecs-express", agents).length === 0) return [skip("no agent runs on AWS")];
  const off = openSettings(config.aws, { isExpress: !behindOwn });
  if (off.length === 0) return [ok("all settings of masumi:aws that make a stack safer are set")];
  const said = `off in masumi:aws: ${off.join(", ")}`;
  return [config.network === "Mainnet" ? warn(said, "docs/aws.md says what each is for") : ok(said)];
}
