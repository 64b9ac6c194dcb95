import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { runtimeLimits, tracesEnvironment } from "../../../infra/crews/environment.ts";
import { agentVariables, startCrew } from "../../../providers/crew-process/local/process.ts";
import { record, shortName } from "../deploy/recorder.ts";
import { deploy, projectOf } from "../deploy/stack.ts";

const RUNTIME = join(import.meta.dirname, "../../../crew/src/crew_runtime");

/** Any of them says where the crew's identifier comes from. */
const IDENTITY = ["AGENT_IDENTITY_FILE", "IDENTITY_SSM_PARAMETER", "AGENT_IDENTIFIER"];

/** Prints the fields of all settings, and which of them have no default; and what the environment of crews keeps. */
const READ_NAMES = `
import ast, json, sys
trees = [ast.parse(open(f"{sys.argv[1]}/machine/{file}.py").read()) for file in ("settings", "service_settings")]
settings = [node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
fields = [node for one in settings for node in one.body if isinstance(node, ast.AnnAssign)]
has_default = lambda field: {"default", "default_factory"} & {keyword.arg for keyword in field.value.keywords}
tree = ast.parse(open(sys.argv[1] + "/machine/environment.py").read())
(kept,) = [node for node in tree.body if isinstance(node, ast.AnnAssign) and node.target.id == "_KEPT"]
print(json.dumps({
    "read": [field.target.id.upper() for field in fields],
    "demanded": [field.target.id.upper() for field in fields if not has_default(field)],
    "kept": ast.literal_eval(kept.value),
}))
`;

interface RuntimeNames {
  readonly read: readonly string[];
  readonly demanded: readonly string[];
  readonly kept: readonly string[];
}

let runtime: RuntimeNames;
beforeAll(() => {
  const printed = execFileSync("python3", ["-c", READ_NAMES, RUNTIME], { encoding: "utf8", timeout: 30_000 });
  runtime = JSON.parse(printed) as RuntimeNames;
});

/** What a stack may limit, and the variables that say so. */
const LIMITED = {
  dailyTokens: "5000",
  keepDays: "7",
  limits: { startRate: 60, requestRate: 900, maxPerClient: 32 },
  traces: { endpoint: "https://collector.example.com:4318", captureMessageContent: true },
  tracesHeaders: "x-api-key=key",
};
const LIMITS = [
  "DAILY_TOKENS",
  "KEEP_DAYS",
  "START_RATE",
  "REQUEST_RATE",
  "MAX_PER_CLIENT",
  "TRACES_MESSAGE_CONTENT",
  "TRACES_ENDPOINT",
  "TRACES_HEADERS",
];

/** The container's environment of a crew with large documents in a bucket that is not AWS's, on a stack with a database. */
async function ofContainer(settings: Record<string, unknown>): Promise<string[]> {
  const root = projectOf("docker-crew-in-python");
  writeFileSync(join(root, "docs/atlas.pdf"), Buffer.alloc(11 * 1024 * 1024, 1));
  const file = join(root, "agents/forecast.yaml");
  const agent = readFileSync(file, "utf8").replace("[docs/clouds.md]", "[docs/clouds.md, docs/atlas.pdf]");
  writeFileSync(file, agent);
  const documents = { bucket: "documents", region: "eu-central-1", endpoint: "https://s3.example.com" };
  const stack = { documents, documentsKey: "access:secret", ...LIMITED, ...settings };
  writeFileSync(join(root, "stack.json"), JSON.stringify(stack));
  const { resources, uncovered } = await record(() => deploy(root));
  const task = resources.find((resource) => shortName(resource) === "TaskDefinition forecast");
  if (!task) return [...uncovered.matchAll(/"([A-Z][A-Z0-9_]*)=/g)].map(([, name = ""]) => name);
  const [container] = JSON.parse(String(task.inputs["containerDefinitions"])) as [
    { environment: { name: string }[]; secrets: { name: string }[] },
  ];
  return [...container.environment, ...container.secrets].map(({ name }) => name);
}

/** The environment that a crew's process really gets, which takes payments and is told of certificates. */
async function ofProcess(): Promise<string[]> {
  const home = mkdtempSync(join(tmpdir(), "masumi-environment-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const python = join(home, "python");
  const write = 'require("node:fs").writeFileSync("names.json", JSON.stringify(Object.keys(process.env)))';
  writeFileSync(python, `#!${process.execPath}\n${write}\n`);
  chmodSync(python, 0o755);
  const certificates = process.env["SSL_CERT_FILE"];
  process.env["SSL_CERT_FILE"] = "/etc/certificates.pem";
  onTestFinished(() => {
    if (certificates === undefined) delete process.env["SSL_CERT_FILE"];
    else process.env["SSL_CERT_FILE"] = certificates;
  });
  const started = startCrew({
    python,
    home,
    agentId: "forecast",
    port: 1,
    declaration: "{}",
    environment: agentVariables(home, {
      model: { api: "https://models.example.com/v1", key: "key", name: "some-model" },
      limits: {
        ...runtimeLimits({ dailyTokens: 5000, keepDays: 7, limits: LIMITED.limits }),
        ...tracesEnvironment(LIMITED),
      },
      tracesHeaders: LIMITED.tracesHeaders,
      payments: {
        service: "https://payment.example.com/api/v1",
        network: "Preprod",
        sellerVkey: "0b".repeat(28),
        sourceType: "V2",
        pollSeconds: 10,
        key: "key",
      },
    }),
  });
  await expect(started).rejects.toMatchObject({ code: "CREW_EXITED" });
  return JSON.parse(readFileSync(join(home, "names.json"), "utf8")) as string[];
}

const DEPLOYED: [string, () => Promise<string[]>][] = [
  ["a process", ofProcess],
  ["a Docker container", () => ofContainer({ hosting: "docker" })],
  ["a container on ECS", () => ofContainer({ hosting: "ecs-alb", aws: { domain: "agents.example.com" } })],
];

it("a stack's limits are those that it sets, and for how long results are kept", () => {
  expect(runtimeLimits({ dailyTokens: undefined, keepDays: 30, limits: {} })).toEqual({ KEEP_DAYS: "30" });
  expect(runtimeLimits({ dailyTokens: 5000, keepDays: 7, limits: { startRate: 0 } })).toEqual({
    DAILY_TOKENS: "5000",
    KEEP_DAYS: "7",
    START_RATE: "0",
  });
});

describe("the names of the crew's environment", () => {
  it("are found in the runtime's source", () => {
    const demanded = ["AGENT_DECLARATION", "DATA_DIR", "MODEL_API", "MODEL_KEY", "PORT"];
    expect([...new Set(runtime.demanded)].toSorted()).toEqual(demanded);
    expect(runtime.read).toEqual(expect.arrayContaining([...runtime.demanded, ...IDENTITY, "DOCUMENTS_KEY"]));
    expect(runtime.kept).toContain("PATH");
  });

  it.each(DEPLOYED)(
    "that %s gets are all read by the runtime, and hold all that it demands",
    async (_, of) => {
      const passed = await of();
      expect(passed.filter((name) => ![...runtime.read, ...runtime.kept].includes(name))).toEqual([]);
      const payments = [
        "PAYMENT_SERVICE_URL",
        "PAYMENT_KEY",
        "PAYMENT_SOURCE_TYPE",
        "SELLER_VKEY",
        "NETWORK",
      ];
      expect(passed).toEqual(
        expect.arrayContaining([...runtime.demanded, ...payments, "MODEL_NAME", ...LIMITS]),
      );
      expect(passed.filter((name) => IDENTITY.includes(name))).toHaveLength(1);
    },
  );

  it.each(DEPLOYED.slice(1))("that %s gets hold where jobs and large documents are", async (_, of) => {
    const documents = runtime.read.filter(
      (name) => name.startsWith("DOCUMENTS_") && name !== "DOCUMENTS_WITHIN",
    );
    expect(documents).toHaveLength(4);
    expect(await of()).toEqual(
      expect.arrayContaining([...documents, "DATABASE_URL", "DATABASE_SCHEMA", "PROXY_HOPS"]),
    );
  });
});
