import { describe, expect, it } from "vitest";
import { checkRegistry } from "../../cli/doctor/registry.ts";
import { doctor } from "../../cli/commands/doctor.ts";
import type { Project } from "../../stacks/project.ts";
import { type RegistryServiceDouble, startRegistryService } from "../helpers/registry-service.ts";
import { CliStack } from "./stack.ts";

const AGENT = { agentIdentifier: "ab".repeat(60) };

/** What doctor says of a stack's registry service. */
async function told(
  service: Pick<RegistryServiceDouble, "url" | "key"> | undefined,
  { key = service?.key, settings = {} }: { key?: string | undefined; settings?: object } = {},
): Promise<string[]> {
  await using stack = await CliStack.start({
    ...(service ? { registryServiceUrl: service.url } : {}),
    ...settings,
  });
  let found: string[] = [];
  await stack.run(async (project: Project) => {
    const verdicts = await checkRegistry(project, "preprod", { MASUMI_REGISTRY_KEY: key });
    found = verdicts.map(({ status, message, remedy }) => `${status} ${message}${remedy && ` -> ${remedy}`}`);
    return 0;
  });
  return found;
}

describe("doctor, of the registry service", () => {
  it.each(["oldest", "0.24", "ranking"] as const)(
    "says that it answers, accepts the key and is of the network (%s)",
    async (release) => {
      await using service = await startRegistryService(release, [{ ...AGENT, status: "Deregistered" }]);
      expect(await told(service)).toEqual([
        expect.stringMatching(/^ok http\S+\/api\/v1 accepts the key and lists agents of Preprod \(\d+ ms\)$/),
      ]);
    },
  );

  it("fails where it is another network's, and warns where it lists nothing", async () => {
    await using service = await startRegistryService("ranking", [{ ...AGENT, network: "Mainnet" }]);
    expect(await told(service)).toEqual([
      expect.stringMatching(/^fail .*lists agents of Mainnet, and none of Preprod.* -> have masumi:registry/),
    ]);
    service.agents.length = 0;
    expect(await told(service)).toEqual([expect.stringMatching(/^warn .*lists no agent of any network/)]);
  });

  it("fails where the key is refused, and quotes none", async () => {
    await using service = await startRegistryService("ranking", [AGENT]);
    const [finding = ""] = await told(service, { key: "wrong-key" });
    expect(finding).toMatch(/^fail .*status 401\. It says: Invalid token -> set MASUMI_REGISTRY_KEY/);
    expect(finding).not.toContain("wrong-key");
  });

  it.each([
    ["is no registry service", { status: 404, body: "{}" }, /^fail .*status 404\. -> check masumi:registry/],
    ["answers with a page", { status: 200, body: "<html>" }, /^fail .*not JSON\. -> check masumi:registry/],
    ["is down", { status: 502, body: "" }, /^warn .*status 502\. -> see whether .*up does without it$/],
    ["has enough of it", { status: 429, body: "{}" }, /^warn .*status 429\. -> see whether/],
  ])("tells a wrong address from a service that is away: it %s", async (_what, fault, said) => {
    await using service = await startRegistryService("ranking", [AGENT]);
    service.fault = fault;
    expect(await told(service)).toEqual([expect.stringMatching(said)]);
  });

  it("warns where nothing answers at the address, and fails where the key would go in clear text", async () => {
    const away = { url: "http://127.0.0.1:9/api/v1", key: "a-key" };
    expect(await told(away)).toEqual([expect.stringMatching(/^warn .*ECONNREFUSED/)]);
    const open = { url: "http://registry.example.com/api/v1", key: "a-key" };
    expect(await told(open)).toEqual([expect.stringMatching(/^fail .* -> have .* name an https address$/)]);
  });

  it("skips a stack that names none, and a key that only Pulumi can read", async () => {
    expect(await told(undefined)).toEqual([expect.stringMatching(/^skip this stack names no registry/)]);
    await using service = await startRegistryService("ranking");
    const settings = { registryKey: { secure: "v1:only-pulumi:this" } };
    expect(await told({ ...service, key: "" }, { settings })).toEqual([
      expect.stringMatching(/^skip masumi:registryKey is a secret.*set MASUMI_REGISTRY_KEY/),
    ]);
    expect(service.queries).toEqual([]);
  });

  it("is one of doctor's checks, in JSON too", async () => {
    await using service = await startRegistryService("ranking", [AGENT]);
    await using stack = await CliStack.start({ registryServiceUrl: service.url });
    stack.declare({ a: {} });
    const { stdout } = await stack.run((project) => doctor(project, { stack: "preprod", json: true }), {
      MASUMI_API_KEY: "sandbox-pay-key",
      MASUMI_REGISTRY_KEY: service.key,
    });
    const { checks } = JSON.parse(stdout) as { checks: { check: string; status: string }[] };
    expect(checks).toContainEqual(expect.objectContaining({ check: "registry service", status: "ok" }));
  });
});
