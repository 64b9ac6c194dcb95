import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Recorded, record, shortName } from "./recorder.ts";
import { deploy, projectOf } from "./stack.ts";

/** What Pulumi adds to the logical name of a resource without a name of its own. */
const OWN_SUFFIX = "-1a2b3c4";

/** A resource's name in its cloud, and what that cloud accepts; written from its documentation, not from the code. */
const NAMES: Readonly<Record<string, readonly [name: (resource: Recorded) => string, accepted: RegExp]>> = {
  TaskDefinition: [({ inputs }) => String(inputs["family"]), /^[A-Za-z0-9_-]{1,255}$/],
  TargetGroup: [
    ({ inputs }) => String(inputs["name"]),
    /^(?=.{1,32}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
  ],
  LoadBalancer: [
    ({ name }) => `${name}${OWN_SUFFIX}`,
    /^(?!internal-)(?=.{1,32}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
  ],
  SecurityGroup: [({ name }) => `${name}${OWN_SUFFIX}`, /^(?!sg-)[A-Za-z0-9 ._:/()#,@[\]+=&;{}!$*-]{1,255}$/],
  Repository: [({ name }) => `${name}${OWN_SUFFIX}`, /^(?=.{2,256}$)[a-z0-9]+([._-][a-z0-9]+)*$/],
  Cluster: [({ name }) => `${name}${OWN_SUFFIX}`, /^[A-Za-z0-9_-]{1,255}$/],
  Secret: [({ name }) => `${name}${OWN_SUFFIX}`, /^[A-Za-z0-9/_+=.@-]{1,512}$/],
  Role: [
    ({ name, inputs }) => (inputs["name"] as string | undefined) ?? `${name}${OWN_SUFFIX}`,
    /^[\w+=,.@-]{1,64}$/,
  ],
  LogGroup: [({ inputs }) => String(inputs["name"]), /^(?!aws\/)[A-Za-z0-9_/.#-]{1,512}$/],
  Parameter: [({ inputs }) => String(inputs["name"]), /^(?!\/?(aws|ssm))[A-Za-z0-9_./-]{1,1011}$/i],
  Container: [({ inputs }) => String(inputs["name"]), /^[A-Za-z0-9][A-Za-z0-9_.-]+$/],
  Volume: [({ inputs }) => String(inputs["name"]), /^[A-Za-z0-9][A-Za-z0-9_.-]+$/],
  Image: [
    ({ inputs }) => String(inputs["imageName"]),
    /^([a-z0-9.-]+\/)?(?=[^:]{1,255}:)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*:[\w][\w.-]{0,127}$/,
  ],
};

const refusedIn = (resources: readonly Recorded[]) =>
  resources.flatMap((resource) => {
    const [nameOf, accepted] = NAMES[shortName(resource).split(" ")[0] ?? ""] ?? [];
    const name = nameOf?.(resource) ?? "";
    return !accepted || accepted.test(name) ? [] : [`${shortName(resource)}: ${name}`];
  });

const LONG =
  "a-very-long-name-that-says-all-there-is-to-say-about-what-it-names-and-then-some-more-to-be-100-long";

describe("no name is one that its cloud refuses, whatever project, stack and agent are called", () => {
  it.each([
    ["masumi-agents", "pre.prod"],
    ["Masumi_Agents", "Pre_Prod."],
    ["internal-agents", "preprod"],
    ["sg-agents", "preprod"],
    ["aws-agents", "preprod"],
    ["SSM.agents", "preprod"],
    ["agents--two", "preprod-"],
    ["_agents.", "-preprod"],
    [LONG, LONG],
  ])("project %s, stack %s", async (project, stack) => {
    for (const name of ["ecs-alb-all-made", "ecs-express-given-network", "docker-each-kind-of-source"]) {
      const projectRoot = projectOf(name);
      withLongId(projectRoot);
      const { resources } = await record(() => deploy(projectRoot, { stack }), { project, stack });
      expect(refusedIn(resources)).toEqual([]);
    }
  });

  it("and stays what it was where it was accepted", async () => {
    const projectRoot = projectOf("ecs-alb-all-made");
    const { resources } = await record(() => deploy(projectRoot));
    const families = resources.filter((resource) => shortName(resource).startsWith("TaskDefinition"));
    expect(families.map(({ inputs }) => inputs["family"])).toContain("masumi-agents-preprod-researcher");
  });
});

/** Adds an agent whose id is as long as ids may be. */
function withLongId(projectRoot: string): void {
  const id = LONG.slice(0, 63).replace(/-$/, "x");
  const agent = {
    name: id,
    description: "d",
    capability: { name: "c", version: "1" },
    tags: ["t"],
    author: { name: "a" },
    pricing: "free",
    crew: {
      agents: { one: { role: "r", goal: "g", backstory: "b" } },
      tasks: [{ name: "t", agent: "one", description: "d", expected_output: "e" }],
    },
  };
  mkdirSync(join(projectRoot, "agents"), { recursive: true });
  writeFileSync(join(projectRoot, "agents", `${id}.yaml`), JSON.stringify(agent));
  expect(readFileSync(join(projectRoot, "agents", `${id}.yaml`), "utf8")).toContain(id);
}
