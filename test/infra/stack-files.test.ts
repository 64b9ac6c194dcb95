import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ConfigurationError, readStackConfig } from "../../infra/config.ts";
import { formatComplaint, loadAgents } from "../../infra/declarations/index.ts";
import { hostingRefusals } from "../../infra/fleet/index.ts";

const root = join(import.meta.dirname, "../..");

/** As Pulumi hands a stack file's settings over: texts as they are, everything else as JSON. */
function valuesOf(stack: string): Record<string, string> {
  const { config } = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as {
    config: Record<string, unknown>;
  };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/** What the comments in the files ask for. */
const SECRETS = ["masumi:apiKey", "masumi:runtimeKey", "masumi:modelKey", "masumi:databaseUrl"];
const env = { MASUMI_API_KEY: "a-provisioning-key" };

describe("the stack files of this repository", () => {
  it("Preprod's is complete, but for its secrets", () => {
    const config = readStackConfig({
      stack: "preprod",
      values: valuesOf("preprod"),
      secretKeys: SECRETS,
      env,
    });
    expect(config).toMatchObject({ network: "Preprod", hosting: "ecs-alb", aws: { region: "eu-central-1" } });
  });

  it("Mainnet's is too, and waits for its confirmation", () => {
    const read = (values: Record<string, string>) =>
      readStackConfig({ stack: "mainnet", values, secretKeys: SECRETS, env });
    expect(() => read(valuesOf("mainnet"))).toThrow(ConfigurationError);
    const confirmed = read({ ...valuesOf("mainnet"), "masumi:confirmMainnet": "true" });
    expect(confirmed).toMatchObject({ network: "Mainnet", allowDeregister: [], aws: { spot: false } });
  });

  it.each(["preprod", "mainnet"])("%s accepts the agents of this repository", (stack) => {
    const values = { ...valuesOf(stack), "masumi:confirmMainnet": "true" };
    const config = readStackConfig({ stack, values, secretKeys: SECRETS, env });
    const { agents, complaints } = loadAgents({ ...config, projectRoot: root, folder: "agents" });
    expect(complaints.map(formatComplaint)).toEqual([]);
    expect(agents.length).toBeGreaterThan(2);
    expect(hostingRefusals(config, agents)).toEqual([]);
  });

  it.each(["preprod", "mainnet"])("%s has no secret in plain text", (stack) => {
    expect(SECRETS.filter((key) => key in valuesOf(stack))).toEqual([]);
  });
});
