import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Recorded, type Recording, UNKNOWN, record, shortName } from "./recorder.ts";
import { deploy, projectOf } from "./stack.ts";

const REGISTRATION = "pulumi-nodejs:dynamic/masumi:AgentRegistration";

const inputsByName = ({ resources }: Recording) =>
  new Map(resources.map((resource) => [shortName(resource), JSON.stringify(resource.inputs)]));

/** What a preview shows as changed. */
function changesOf(before: Recording, after: Recording): string[] {
  const known = inputsByName(before);
  return [...inputsByName(after)].flatMap(([name, inputs]) => (known.get(name) === inputs ? [] : [name]));
}

const registrationOf = ({ resources }: Recording): Recorded | undefined =>
  resources.find(({ type, name }) => type === REGISTRATION && name !== "pulled");

function rewrite(projectRoot: string, file: string, from: string, to: string): void {
  const path = join(projectRoot, file);
  const text = readFileSync(path, "utf8");
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

describe("a change of a crew's text is previewed as a new image that is rolled out, and nothing on the chain", () => {
  it.each([
    ["ecs-alb-all-given", "researcher", ["EcsRollout", "Image", "Service", "TaskDefinition"]],
    ["docker-on-another-machine", "inline", ["Container", "DockerImageTag", "DockerStart", "Image"]],
  ])("%s", async (fixture, agent, changed) => {
    const projectRoot = projectOf(fixture);
    const before = await record(() => deploy(projectRoot));
    rewrite(projectRoot, `agents/${agent}.yaml`, "You count before you judge.", "You judge at once.");
    const preview = await record(() => deploy(projectRoot), { preview: true, prior: before });

    expect(changesOf(before, preview)).toEqual(changed.map((type) => `${type} ${agent}`));
    expect(registrationOf(preview)?.inputs).toEqual(registrationOf(before)?.inputs);
  });

  it.each([
    ["a crew.py", "forecast/crew.py", "few words", "many words"],
    ["a document", "docs/clouds.md", "bring rain", "bring snow"],
  ])("docker-crew-in-python, for a change of %s", async (_what, file, from, to) => {
    const projectRoot = projectOf("docker-crew-in-python");
    const before = await record(() => deploy(projectRoot));
    rewrite(projectRoot, file, from, to);
    const preview = await record(() => deploy(projectRoot), { preview: true, prior: before });
    expect(changesOf(before, preview)).toEqual([
      "Container forecast",
      "DockerImageTag forecast",
      "DockerStart forecast",
      "Image forecast",
    ]);
  });

  it("ecs-express-given-network, whose URL AWS may yet change: the registration sees it as unknown", async () => {
    const projectRoot = projectOf("ecs-express-given-network");
    const before = await record(() => deploy(projectRoot));
    rewrite(projectRoot, "agents/researcher.yaml", "You count before", "You weigh before");
    const preview = await record(() => deploy(projectRoot), { preview: true, prior: before });

    const [known, planned] = [registrationOf(before), registrationOf(preview)];
    expect(planned?.inputs["listing"]).toEqual({
      ...(known?.inputs["listing"] as object),
      apiBaseUrl: UNKNOWN,
    });
    expect({ ...planned?.inputs, listing: undefined }).toEqual({ ...known?.inputs, listing: undefined });
  });
});

describe("a preview", () => {
  it.each(["ecs-alb-all-made", "docker-each-kind-of-source", "ecs-express-default-network"])(
    "of %s without a change plans nothing",
    async (fixture) => {
      const projectRoot = projectOf(fixture);
      const before = await record(() => deploy(projectRoot));
      const preview = await record(() => deploy(projectRoot), { preview: true, prior: before });
      expect(changesOf(before, preview)).toEqual([]);
    },
  );

  it("of a first run knows the URL wherever the hosting does", async () => {
    const urls = async (fixture: string) => {
      const { resources } = await record(() => deploy(projectOf(fixture)), { preview: true });
      return resources
        .filter(({ type }) => type === REGISTRATION)
        .map(({ inputs }) => (inputs["listing"] as { apiBaseUrl: string }).apiBaseUrl);
    };
    expect(await urls("hostings-side-by-side")).toEqual([
      "https://elsewhere.example.com/agent",
      "http://127.0.0.1:10022",
      "https://on-alb.agents.example.com",
      UNKNOWN,
    ]);
  });

  it.each([
    ["of a new runtime", "crew/uv.lock", "version = 1", "version = 2"],
    ["of a patched base image", "crew/Dockerfile", "FROM scratch", "FROM scratch@sha256:1"],
  ])("%s rolls every inline crew and no other", async (_, file, old, patched) => {
    const projectRoot = projectOf("docker-each-kind-of-source");
    const before = await record(() => deploy(projectRoot));
    rewrite(projectRoot, file, old, patched);
    const preview = await record(() => deploy(projectRoot), { preview: true, prior: before });
    expect(changesOf(before, preview)).toEqual([
      "Container inline",
      "DockerImageTag _runtime",
      "DockerImageTag inline",
      "DockerStart inline",
      "Image _runtime",
      "Image inline",
    ]);
  });

  it("of a price that changes on V2 plans an update of the registration", async () => {
    const projectRoot = projectOf("ecs-alb-all-given");
    const before = await record(() => deploy(projectRoot));
    rewrite(projectRoot, "agents/researcher.yaml", "5 USDM", "6 USDM");
    const preview = await record(() => deploy(projectRoot), { preview: true, prior: before });
    expect(changesOf(before, preview)).toContain("AgentRegistration researcher");
  });
});
