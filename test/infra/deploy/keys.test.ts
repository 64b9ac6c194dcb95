import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { record } from "./recorder.ts";
import { FIXTURES, KEYS, deploy } from "./stack.ts";

const IMAGE = `ghcr.io/example/agent@sha256:${"0".repeat(64)}`;
const CREW = {
  agents: { a: { role: "r", goal: "g", backstory: "b" } },
  tasks: [{ name: "t", agent: "a", description: "d", expected_output: "e" }],
};
const PAID = { fixed: ["5 USDM"] };

/** Agents that differ in what they may hold. */
const AGENTS: Record<string, object> = {
  "paid-a": { pricing: PAID, crew: CREW },
  "paid-b": { pricing: PAID, crew: CREW },
  free: { pricing: "free", crew: CREW },
};
const IMAGES: Record<string, object> = {
  "foreign-silent": { pricing: "free", image: IMAGE },
  "foreign-none": { pricing: PAID, image: IMAGE, secrets: [] },
  "foreign-paid": { pricing: PAID, image: IMAGE, secrets: ["PAYMENT_KEY"] },
  "foreign-all": { pricing: PAID, image: IMAGE, secrets: ["MODEL_KEY", "PAYMENT_KEY", "DATABASE_URL"] },
};

const OWN = {
  runtimeKeys: { "paid-a": "sentinel-runtime-key-of-a" },
  modelKeys: { "paid-a": "sentinel-model-key-of-a" },
  databaseUrls: {
    "foreign-all": "postgresql://foreign:sentinel-foreign@db.example.com/crews?sslmode=verify-full",
  },
};

function projectWith(stack: object, agents: Record<string, object>): string {
  const root = mkdtempSync(join(tmpdir(), "masumi-keys-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  cpSync(join(FIXTURES, "_project"), root, { recursive: true });
  writeFileSync(join(root, "stack.json"), JSON.stringify({ ...OWN, ...stack }));
  mkdirSync(join(root, "agents"));
  for (const [id, fields] of Object.entries(agents)) {
    const common = {
      name: id,
      description: "Researches a market.",
      capability: { name: "c", version: "1" },
      tags: ["t"],
      author: { name: "Example GmbH" },
    };
    writeFileSync(join(root, `agents/${id}.yaml`), JSON.stringify({ ...common, ...fields }));
  }
  return root;
}

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What a program registered, secrets uncovered. */
async function uncovered(stack: object, agents: Record<string, object>): Promise<readonly Registered[]> {
  const root = projectWith(stack, agents);
  return (await record(() => deploy(root))).registered;
}

/** Every value with a sentinel that an agent's process or container gets, by variable; none of the others' may be among them. */
type Held = Readonly<Record<string, Readonly<Record<string, string>>>>;

const roleUrl = (id: string) =>
  expect.stringMatching(new RegExp(`^postgresql://${id}-[0-9a-f]{8}:sentinel-role-password@`));

const OF_CREWS = {
  "paid-a": { MODEL_KEY: "sentinel-model-key-of-a", PAYMENT_KEY: "sentinel-runtime-key-of-a" },
  "paid-b": { MODEL_KEY: KEYS.modelKey, PAYMENT_KEY: KEYS.runtimeKey },
  free: { MODEL_KEY: KEYS.modelKey },
};
const IN_CONTAINERS = {
  ...Object.fromEntries(
    Object.entries(OF_CREWS).map(([id, keys]) => [id, { ...keys, DATABASE_URL: roleUrl(id) }]),
  ),
  "foreign-silent": {},
  "foreign-none": {},
  "foreign-paid": { PAYMENT_KEY: KEYS.runtimeKey },
  "foreign-all": {
    MODEL_KEY: KEYS.modelKey,
    PAYMENT_KEY: KEYS.runtimeKey,
    DATABASE_URL: OWN.databaseUrls["foreign-all"],
  },
};

/** The inputs of each resource of a type, by the agent's id. */
const inputsOf = (all: readonly Registered[], type: string) =>
  all.flatMap(({ type: other, name, inputs }) =>
    other.endsWith(`:${type}`) ? [[name, inputs] as const] : [],
  );

const secretive = (environment: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(environment).filter(([, value]) => value.includes("sentinel-")));

function heldInDocker(all: readonly Registered[]): Held {
  return Object.fromEntries(
    inputsOf(all, "Container").map(([id, { envs }]) => {
      const pairs = (envs as string[]).map(
        (line) => [line.replace(/=.*/s, ""), line.replace(/^[^=]*=/, "")] as const,
      );
      return [id, secretive(Object.fromEntries(pairs))];
    }),
  );
}

interface Given {
  readonly name: string;
  readonly value: string;
}

/** A task refers to secrets by the ARN of their versions. */
function heldOnEcs(all: readonly Registered[]): Held {
  const values = new Map(
    inputsOf(all, "SecretVersion").map(([name, { secretString }]) => [name, String(secretString)]),
  );
  return Object.fromEntries(
    inputsOf(all, "TaskDefinition").map(([id, { containerDefinitions }]) => {
      const [{ secrets, environment }] = JSON.parse(String(containerDefinitions)) as [
        { secrets: { name: string; valueFrom: string }[]; environment: Given[] },
      ];
      const given = environment.map(({ name, value }) => [name, value] as const);
      const referred = secrets.map(({ name, valueFrom }) => {
        const secret = /:secret:(.*)-[0-9a-f]{7}:::version-1$/.exec(valueFrom)?.[1] ?? "";
        return [name, values.get(secret) ?? "unknown"] as const;
      });
      return [id, secretive(Object.fromEntries([...given, ...referred]))];
    }),
  );
}

function heldByProcesses(all: readonly Registered[]): Held {
  return Object.fromEntries(
    inputsOf(all, "CrewProcess").map(([id, inputs]) => {
      const text = JSON.stringify(inputs);
      const { modelKey, paymentKey, payments } = inputs;
      expect(payments === undefined, "without its key, the payment service is not named").toBe(
        paymentKey === undefined,
      );
      const given = {
        MODEL_KEY: String(modelKey),
        ...(typeof paymentKey === "string" ? { PAYMENT_KEY: paymentKey } : {}),
      };
      expect(text.match(/sentinel-/g)).toHaveLength(Object.keys(given).length);
      return [id, given];
    }),
  );
}

describe("an agent gets its own keys, and no key that is another's or that it does not need:", () => {
  it("in containers of a Docker engine", async () => {
    const all = await uncovered({ hosting: "docker" }, { ...AGENTS, ...IMAGES });
    expect(heldInDocker(all)).toEqual(IN_CONTAINERS);
  });

  it("in tasks on ECS", async () => {
    const all = await uncovered(
      { hosting: "ecs-alb", aws: { domain: "agents.example.com" } },
      { ...AGENTS, ...IMAGES },
    );
    expect(heldOnEcs(all)).toEqual(IN_CONTAINERS);
  });

  it("in processes of this machine, which keep their jobs in files", async () => {
    expect(heldByProcesses(await uncovered({ hosting: "process" }, AGENTS))).toEqual(OF_CREWS);
  });

  it("and the database's own user is with the resource that makes roles alone", async () => {
    const all = await uncovered({ hosting: "docker" }, { ...AGENTS, ...IMAGES });
    const holders = all.filter(({ inputs }) => JSON.stringify(inputs).includes("sentinel-password"));
    expect(new Set(holders.map(({ type }) => type))).toEqual(
      new Set(["pulumi-nodejs:dynamic/crew:DatabaseRole"]),
    );
  });
});

describe("the database's roles", () => {
  const rolesIn = async (agents: Record<string, object>) =>
    inputsOf(await uncovered({ hosting: "docker" }, agents), "DatabaseRole");

  it("are each agent's own, named like its schema", async () => {
    const roles = await rolesIn(AGENTS);
    expect(Object.fromEntries(roles.map(([id, { role, schema }]) => [id, role === schema]))).toEqual({
      free: true,
      "paid-a": true,
      "paid-b": true,
    });
    expect(new Set(roles.map(([, { role }]) => role)).size).toBe(3);
    expect(roles.every(([, { isOnlyAgent }]) => isOnlyAgent === false)).toBe(true);
  });

  it("may be left out for an agent that is alone with its URL", async () => {
    const { "paid-a": only = {} } = AGENTS;
    const roles = await rolesIn({
      only,
      "foreign-all": IMAGES["foreign-all"] ?? {},
      silent: IMAGES["foreign-silent"] ?? {},
    });
    expect(roles).toEqual([["only", expect.objectContaining({ isOnlyAgent: true })]]);
  });
});
