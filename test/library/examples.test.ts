/** What the examples and components of the library register, with mocks of Pulumi's and of the packages that are not installed here. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CrewImage, MasumiAgent } from "../../library/index.ts";
import { DOUBLES } from "../infra/deploy/doubles.ts";
import { type Recorded, record, shortName } from "../infra/deploy/recorder.ts";

/** A package whose resources are these, by their place in it. */
function resources(types: Readonly<Record<string, string>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, type] of Object.entries(types)) {
    const names = path.split(".");
    const last = names.pop() ?? "";
    const folder = names.reduce<Record<string, unknown>>(
      (above, name) => (above[name] ??= {}) as Record<string, unknown>,
      root,
    );
    folder[last] = class extends pulumi.CustomResource {
      declare readonly metadata: unknown;
      constructor(name: string, args: pulumi.Inputs, options?: pulumi.CustomResourceOptions) {
        super(type, name, { metadata: undefined, uri: undefined, name: undefined, ...args }, options);
      }
    };
  }
  return root;
}

const KUBERNETES = {
  "core.v1.Secret": "kubernetes:core/v1:Secret",
  "core.v1.Service": "kubernetes:core/v1:Service",
  "apps.v1.Deployment": "kubernetes:apps/v1:Deployment",
  "networking.v1.Ingress": "kubernetes:networking.k8s.io/v1:Ingress",
} as const;
const GCP = {
  "cloudrunv2.Service": "gcp:cloudrunv2/service:Service",
  "cloudrunv2.ServiceIamMember": "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
} as const;

vi.mock("@pulumi/kubernetes", () => resources(KUBERNETES));
vi.mock("@pulumi/gcp", () => resources(GCP));

const doubles = DOUBLES as Record<string, (call: { readonly name: string }) => Record<string, unknown>>;
for (const type of Object.values(KUBERNETES)) doubles[type] = ({ name }) => ({ metadata: { name } });
for (const type of Object.values(GCP))
  doubles[type] = ({ name }) => ({ name, uri: `https://${name}.run.app` });

/** By a name that no compiler follows: the packages that they import are not installed here. */
const example = async (name: string): Promise<unknown> => import(`../../examples/${name}/index.ts`);

const WALLET = { vkey: "0".repeat(56), type: "V1" };

function configure(project: string, settings: Readonly<Record<string, string>>): void {
  const own = Object.entries(settings).map(([key, value]) => [`${project}:${key}`, value]);
  pulumi.runtime.setAllConfig({
    ...Object.fromEntries(own),
    [`${project}:wallet`]: JSON.stringify(WALLET),
    "masumi:network": "Preprod",
    "masumi:owner": "example",
  });
}
afterEach(() => pulumi.runtime.setAllConfig({}));

const found = (all: readonly Recorded[], name: string) => all.find((one) => shortName(one) === name);

describe("the examples", () => {
  it("kubernetes: registers the agent at its host, after what leads there", async () => {
    const settings = {
      host: "translator.example.com",
      image: "example/translator@sha256:1",
      modelKey: "key",
    };
    configure("kubernetes", settings);
    const { resources: all } = await record(() => example("kubernetes"), {
      project: "kubernetes",
    });
    const registration = found(all, "AgentRegistration translator");
    expect(registration?.inputs["listing"]).toMatchObject({ apiBaseUrl: "https://translator.example.com" });
    expect(registration?.dependencies).toEqual(
      expect.arrayContaining(["Deployment translator", "Ingress translator"]),
    );
    expect(JSON.stringify(found(all, "Secret translator")?.inputs)).not.toContain('"key"');
    expect(found(all, "AgentConfirmation translator")).toBeDefined();
  });

  it("cloud-run: registers the agent at the URL that the service has", async () => {
    configure("cloud-run", {
      location: "europe-west1",
      image: "example/translator@sha256:1",
      modelKeySecret: "model-key",
    });
    const { resources: all } = await record(() => example("cloud-run"), {
      project: "cloud-run",
    });
    const registration = found(all, "AgentRegistration translator");
    expect(registration?.inputs["listing"]).toMatchObject({ apiBaseUrl: "https://translator.run.app" });
    expect(registration?.dependencies).toContain("ServiceIamMember anybody");
  });
});

const AGENT = {
  url: "https://agents.example.com/a",
  name: "A",
  description: "Answers.",
  capability: { name: "answering", version: "1.0.0" },
  tags: ["answers"],
  author: { name: "Example GmbH" },
  wallet: { vkey: WALLET.vkey, type: "V1" },
} as const;

describe("MasumiAgent", () => {
  const registered = async (more: object, settings: Readonly<Record<string, string>> = {}) => {
    configure("own", {});
    pulumi.runtime.setAllConfig({ "masumi:owner": "example", "masumi:network": "Preprod", ...settings });
    const { resources: all } = await record(async () => new MasumiAgent("a", { ...AGENT, ...more }), {
      project: "own",
    });
    return all;
  };

  it("takes prices as people write them", async () => {
    const all = await registered({ pricing: { fixed: ["2.5 ADA"] } });
    const { listing, probe } = found(all, "AgentRegistration a")?.inputs ?? {};
    expect(listing).toMatchObject({ pricing: { type: "fixed", prices: [{ amount: "2500000", unit: "" }] } });
    expect(probe).toEqual({ allowPrivate: false, timeoutSeconds: 60 });
    await expect(registered({ pricing: { fixed: ["5 DOGE"] } })).rejects.toThrow(
      /"5 DOGE" is in DOGE, which is not/,
    );
  });

  it("spends nothing on Mainnet that the stack does not confirm and limit, as any stack must", async () => {
    const onMainnet = { network: "Mainnet" };
    await expect(registered(onMainnet)).rejects.toThrow(
      /masumi:confirmMainnet must be true[^]*masumi:maxAda is missing/,
    );
    const confirmed = { "masumi:confirmMainnet": "true", "masumi:maxAda": "20" };
    expect(found(await registered(onMainnet, confirmed), "AgentRegistration a")).toBeDefined();
    await expect(registered({ ...onMainnet, allowPrivateUrls: true }, confirmed)).rejects.toThrow(
      /masumi:allowPrivateUrls is only for simulated networks/,
    );
  });

  it("writes its row before it is registered, if there is a table", async () => {
    const all = await registered({ records: { server: "postgresql://records", userId: "seven" } });
    expect(found(all, "AgentRegistration a")?.dependencies).toContain("AgentRecord a");
    expect(found(all, "AgentRecord a")?.inputs).toMatchObject({ userId: "seven", server: "<secret>" });
  });
});

describe("CrewImage", () => {
  it("builds the crew of a declared agent, from wherever the program runs", async () => {
    const projectRoot = mkdtempSync(join(tmpdir(), "crew-image-"));
    try {
      mkdirSync(join(projectRoot, "agents"));
      writeFileSync(
        join(projectRoot, "agents/hello.yaml"),
        JSON.stringify({
          ...AGENT,
          url: undefined,
          wallet: undefined,
          pricing: "free",
          model: { name: "a-model" },
          crew: {
            agents: { host: { role: "Host", goal: "Greet", backstory: "Kind" } },
            tasks: [{ name: "greet", agent: "host", description: "Greet.", expected_output: "A greeting" }],
          },
        }),
      );
      configure("own", {});
      const image = { file: "agents/hello.yaml", repository: "example/agents", projectRoot };
      const { resources: all } = await record(async () => new CrewImage("hello", image), { project: "own" });
      expect(all.map(shortName)).toEqual(expect.arrayContaining(["Image _runtime", "Image hello"]));
      const missing = () => record(async () => new CrewImage("b", { ...image, file: "agents/b.yaml" }));
      await expect(missing()).rejects.toThrow(
        "b.yaml declares no agent of stack preprod: there are agents/hello.yaml.",
      );
    } finally {
      rmSync(projectRoot, { recursive: true });
    }
  });
});
