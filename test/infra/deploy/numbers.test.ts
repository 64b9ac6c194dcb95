import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { submitWithin } from "../../../infra/crews/environment.ts";
import { IDLE_SECONDS } from "../../../infra/hosting/ecs/limits.ts";
import { dockerPorts, dockerUrl } from "../../../infra/hosting/docker/url.ts";
import { agentNumbers, stableNumbers } from "../../../infra/hosting/stable-numbers.ts";
import { repository } from "../../helpers/project.ts";
import { record, shortName } from "./recorder.ts";
import { configOf, deploy, projectOf } from "./stack.ts";

const id = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const SETTINGS = configOf("/").docker;
const SCOPE = ["Preprod", "example-gmbh", "preprod"];

/** Two ids that were given the same port when ports were derived from ids alone. */
const LIVING = "study-reviewer";
const NEWCOMER = "seo-analyst";

describe("the port of an agent on Docker", () => {
  const portsOf = (
    ids: string[],
    registered: Record<string, string> = {},
    scope = SCOPE,
    settings = SETTINGS,
  ) => dockerPorts({ settings, ids, scope, registered: new Map(Object.entries(registered)) });

  it("stays what it is registered with, whoever comes or goes", () => {
    const registered = { [LIVING]: "http://127.0.0.1:14586" };
    expect(portsOf([LIVING], registered).get(LIVING)).toBe(14_586);
    const ports = portsOf([NEWCOMER, LIVING], registered);
    expect(ports.get(LIVING)).toBe(14_586);
    expect(ports.get(NEWCOMER)).not.toBe(14_586);
  });

  it("differs between stacks that share an engine", () => {
    const [here, there] = ["preprod", "staging"].map((stack) =>
      portsOf(["market-researcher"], {}, ["Preprod", "example-gmbh", stack]),
    );
    expect(here?.get("market-researcher")).not.toBe(there?.get("market-researcher"));
  });

  it("is what masumi:docker.ports says, before all else", () => {
    const settings = { ...SETTINGS, ports: { [LIVING]: 12_345 } };
    expect(portsOf([LIVING], { [LIVING]: "http://127.0.0.1:14586" }, SCOPE, settings).get(LIVING)).toBe(
      12_345,
    );
  });

  it.each([
    ["http://127.0.0.1:14586/", "another path"],
    ["http://127.0.0.2:14586", "another address"],
    ["http://127.0.0.1:99999", "no port"],
    ["http://127.0.0.1:", "none"],
    ["https://elsewhere.example.com", "another form"],
  ])("is not read from %s (%s)", (url) => {
    expect(portsOf([LIVING], { [LIVING]: url })).toEqual(portsOf([LIVING]));
  });

  it("of agents that are registered never moves when others come and go", () => {
    const settings = { ...SETTINGS, url: "https://{id}.example.com:{port}" };
    fc.assert(
      fc.property(fc.uniqueArray(id, { minLength: 2, maxLength: 30 }), fc.nat(), (ids, seed) => {
        const known = ids.filter((_, index) => (seed >> index) % 2 === 0);
        const before = portsOf(known, {}, SCOPE, settings);
        const urls = known.map((one) => [one, dockerUrl(settings, one, before.get(one) ?? 0)]);
        const after = portsOf(ids, Object.fromEntries(urls) as Record<string, string>, SCOPE, settings);
        for (const one of known) expect(after.get(one)).toBe(before.get(one));
        expect(new Set(after.values()).size).toBe(ids.length);
      }),
    );
  });
});

describe("numbers of newcomers", () => {
  const crowded = { first: 10, count: 40 };

  it("are none that registered agents have, or had when numbers were derived from ids alone", () => {
    fc.assert(
      fc.property(fc.uniqueArray(id, { minLength: 2, maxLength: 18 }), fc.nat(), (ids, seed) => {
        const living = new Set(ids.filter((_, index) => (seed >> index) % 2 === 0));
        const numbers = agentNumbers({ ids, range: crowded, scope: SCOPE, settled: new Map(), living });
        const former = new Set(stableNumbers(living, crowded).values());
        const theirs = new Set([...living].map((one) => numbers.get(one)));
        for (const one of ids.filter((one) => !living.has(one))) {
          expect(former.has(numbers.get(one) ?? 0)).toBe(false);
          expect(theirs.has(numbers.get(one))).toBe(false);
        }
      }),
    );
  });
});

describe("the priority of a listener rule", () => {
  const rulesOf = async (stack: string) => {
    const projectRoot = projectOf("ecs-alb-all-given");
    const { resources } = await record(() => deploy(projectRoot, { stack }), { stack });
    return resources.filter((resource) => shortName(resource).startsWith("ListenerRule"));
  };

  it("differs between stacks that share a load balancer", async () => {
    const rules = [...(await rulesOf("preprod")), ...(await rulesOf("mainnet"))];
    const priorities = rules.map(({ inputs }) => inputs["priority"]);
    expect(priorities.length).toBeGreaterThan(1);
    expect(new Set(priorities).size).toBe(priorities.length);
  });

  it("of a rule that is there is kept by the state", async () => {
    for (const rule of await rulesOf("preprod")) expect(rule.ignoreChanges).toEqual(["priority"]);
  });
});

describe("settings that give numbers", () => {
  it.each([
    [
      "docker",
      { hosting: "docker", docker: { ports: { a: 12_000, b: 12_000 } } },
      /docker\.ports gives 12000 to a and b/,
    ],
    [
      "ecs-alb",
      { hosting: "ecs-alb", aws: { domain: "agents.example.com", priorities: { a: 7, b: 7 } } },
      /aws\.priorities gives 7 to a and b/,
    ],
    [
      "ecs-alb with a long domain",
      { hosting: "ecs-alb", aws: { domain: `${"a".repeat(55)}.example.com` } },
      /\*\.a{55}\.example\.com has 69 characters, and a certificate's name may have 64/,
    ],
  ])("are refused where they cannot be: %s", (_what, settings, said) => {
    expect(() => configOf("/", settings)).toThrow(said);
  });
});

describe("deadlines and idle times that must know each other", () => {
  it.each([
    [900, undefined],
    [40_200, undefined],
    [40_800, 43_800],
    [86_400, 89_400],
  ])("a job of %i s: its result is due after %s s", (jobSeconds, due) =>
    expect(submitWithin(jobSeconds)).toBe(due),
  );

  it("a paid job may take as long as the stack says, and the runtime is told so", () => {
    const settings = readFileSync(
      join(import.meta.dirname, "../../../crew/src/crew_runtime/machine/settings.py"),
      "utf8",
    );
    const defaultOf = (name: string) =>
      Number(
        new RegExp(`${name}: float = Field\\(\\s+default=([\\d_]+)`).exec(settings)?.[1]?.replaceAll("_", ""),
      );
    const [pay, submit, margin] = ["pay_within", "submit_within", "submit_margin"].map(defaultOf);
    for (const minutes of [1, 670, 671, 1440]) {
      const due = submitWithin(minutes * 60) ?? submit ?? 0;
      expect(due - (pay ?? 0) - (margin ?? 0)).toBeGreaterThanOrEqual(minutes * 60);
    }
  });

  it("the load balancer lets go of an idle connection before a crew does, and is told so", async () => {
    const runtime = readFileSync(
      join(repository, "crew/src/crew_runtime/http/server/connections.py"),
      "utf8",
    );
    const [, seconds] = /^IDLE_SECONDS: Final = (\d+)$/m.exec(runtime) ?? [];
    expect(IDLE_SECONDS).toBeLessThan(Number(seconds));
    const { resources } = await record(() => deploy(projectOf("ecs-alb-all-made")));
    const balancer = resources.find((resource) => shortName(resource).startsWith("LoadBalancer"));
    expect(balancer?.inputs["idleTimeout"]).toBe(IDLE_SECONDS);
  });
});
