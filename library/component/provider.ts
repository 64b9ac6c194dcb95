import { readFileSync } from "node:fs";
import type { ComponentResourceOptions, Inputs } from "@pulumi/pulumi";
import type { ConstructResult, Provider } from "@pulumi/pulumi/provider/index.js";
import { AGENT_TYPE } from "../../infra/declarations/index.ts";
import { MasumiAgent } from "../masumi-agent.ts";
import { agentOutputs, checkedAgentArgs } from "./args.ts";

const read = (file: string) =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")) as Readonly<Record<string, unknown>>;

/** The library's components, for programs in other languages. Their resources are those that a TypeScript program makes. */
export class ComponentProvider implements Provider {
  readonly version = String(read("../../package.json")["version"]);
  readonly schema = JSON.stringify({ ...read("schema.json"), version: this.version });

  /** @throws InputPropertiesError, RunError */
  async construct(
    name: string,
    type: string,
    inputs: Inputs,
    options: ComponentResourceOptions,
  ): Promise<ConstructResult> {
    if (type !== AGENT_TYPE) throw new Error(`There is no component ${type}: the package has ${AGENT_TYPE}.`);
    const agent = new MasumiAgent(name, checkedAgentArgs(inputs), options);
    const state = Object.keys(agentOutputs.shape).map((key) => [key, agent[key as keyof MasumiAgent]]);
    return { urn: agent.urn, state: Object.fromEntries(state) as Inputs };
  }
}
