import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { repository } from "../helpers/project.ts";
import {
  type Job,
  WORKFLOWS,
  allJobs,
  findStep,
  readWorkflow,
  runScript,
  scriptOf,
  workflowText,
} from "./workflow.ts";

const jobs = allJobs();
const OWN_BRANCH = "github.event.pull_request.head.repo.full_name == github.repository";

const secretsOf = (value: unknown) =>
  [
    ...new Set([...JSON.stringify(value).matchAll(/secrets\.(\w+)/g)].map(([, name]) => name ?? "")),
  ].toSorted();
const usesAction = ({ steps }: Job, action: string) =>
  steps.some(({ uses }) => uses?.startsWith(`${action}@`));
const stackOf = ({ env }: Job) => env?.["STACK"] ?? "";

/** The secret that a job may hold, and the environment that it comes from. */
function expectedKey(id: string, stack: string): [string, string] | [] {
  if (id.startsWith("deploy/up-")) return ["MASUMI_API_KEY", stack];
  if (id.startsWith("preview/eval-")) return ["MASUMI_MODEL_KEY", `${stack}-preview`];
  if (id.startsWith("deploy/eval-")) return ["MASUMI_MODEL_KEY", `${stack}-plan`];
  if (id.startsWith("preview/plan-")) return ["MASUMI_READ_KEY", `${stack}-preview`];
  if (id === "fleets/eval") return ["MASUMI_MODEL_KEY", "fleets-plan"];
  if (id === "fleets/up") return ["MASUMI_API_KEY", "fleets"];
  if (id === "release/publish") return ["NPM_TOKEN", "release"];
  if (/^deploy\/plan-|^drift\/drift-/.test(id)) return ["MASUMI_READ_KEY", `${stack}-plan`];
  return [];
}

/** What a job may hold beside it, which reads what is public and nothing else. */
const readerOf = (id: string): string[] => (id.startsWith("drift/drift-") ? ["MASUMI_REGISTRY_KEY"] : []);

describe("triggers", () => {
  it("are these and no others: none runs foreign code with rights", () => {
    expect(readWorkflow("preview").on).toEqual({ pull_request: { branches: ["main"] } });
    expect(readWorkflow("deploy").on).toEqual({ push: { branches: ["main"] }, workflow_dispatch: null });
    expect(readWorkflow("supply").on).toEqual({
      pull_request: { paths: ["package-lock.json", "cli/bundled-node.json", "cli/verify-bundled-node.ts"] },
      schedule: [{ cron: "17 4 * * 1" }],
      workflow_dispatch: null,
    });
    expect(readWorkflow("fleets").on).toEqual({
      push: { branches: ["main"], paths: ["agents/customers-*/**", "Pulumi.*-customers-*.yaml"] },
      schedule: [{ cron: "43 5,17 * * *" }],
      workflow_dispatch: null,
    });
    expect(readWorkflow("test").on).toEqual({
      push: { branches: ["main"] },
      pull_request: { branches: ["main"] },
    });
    expect(readWorkflow("release").on).toEqual({ push: { tags: ["v*"] } });
    expect(readWorkflow("drift").on).toEqual({ schedule: [{ cron: "17 3 * * *" }], workflow_dispatch: null });
  });
});

describe("permissions", () => {
  const read = { contents: "read" };
  const signedIn = { contents: "read", "id-token": "write" };
  const expected: Record<string, Record<string, string>> = {
    "preview/validate": read,
    "preview/earlier-preprod": {},
    "preview/keep-preprod": {},
    "deploy/earlier-preprod": {},
    "deploy/keep-preprod": {},
    "preview/eval-preprod": read,
    "preview/eval-mainnet": read,
    "deploy/eval-preprod": read,
    "deploy/eval-mainnet": read,
    "preview/plan-preprod": signedIn,
    "preview/plan-mainnet": signedIn,
    "preview/comment-preprod": { "pull-requests": "write" },
    "preview/comment-mainnet": { "pull-requests": "write" },
    "deploy/plan-preprod": signedIn,
    "deploy/up-preprod": signedIn,
    "deploy/plan-mainnet": signedIn,
    "deploy/up-mainnet": signedIn,
    "drift/drift-preprod": read,
    "drift/drift-mainnet": read,
    "drift/report-preprod": { issues: "write" },
    "drift/report-mainnet": { issues: "write" },
    "fleets/find": read,
    "fleets/eval": read,
    "fleets/up": signedIn,
    "supply/node": read,
    "test/test": read,
    "release/test": read,
    "release/build": read,
    "release/publish": { "id-token": "write" },
    "release/image": { ...read, packages: "write" },
    "release/release": { contents: "write" },
  };

  it.each(WORKFLOWS)("%s starts from none", (name) => expect(readWorkflow(name).permissions).toEqual({}));

  it("are per job the least it needs", () => {
    expect(Object.fromEntries(jobs.map(([id, { permissions }]) => [id, permissions]))).toEqual(expected);
  });

  it("to write are with jobs that run no code of the repository, and install none", () => {
    const writers = jobs.filter(
      ([, { permissions }]) => "pull-requests" in permissions || "issues" in permissions,
    );
    expect(writers).toHaveLength(4);
    expect(writers.flatMap(([, { steps }]) => steps.filter(({ uses }) => uses))).toEqual([]);
    expect(JSON.stringify(writers)).not.toMatch(/\bnpm\b|\bnpx\b|git clone|secrets\./);
  });
});

describe("secrets", () => {
  it("a fork's pull request reaches none: it is validated, and no more", () => {
    const reached = Object.entries(readWorkflow("preview").jobs).filter(([, job]) => !job.needs && !job.if);
    expect(reached.map(([id]) => id)).toEqual(["validate"]);
    expect(JSON.stringify(reached)).not.toMatch(/secrets\.|vars\.|id-token|"environment"|github\.token/);
  });

  it.each(["preprod", "mainnet"])("a plan of %s is made for branches of this repository alone", (stack) => {
    const { jobs: preview } = readWorkflow("preview");
    expect(preview[`plan-${stack}`]?.if).toContain(OWN_BRANCH);
    expect(preview[`plan-${stack}`]?.if).not.toContain("||");
    expect(preview[`comment-${stack}`]?.needs).toBe(`plan-${stack}`);
    expect(preview[`comment-${stack}`]?.if).toContain(`needs.plan-${stack}.outputs.markdown != ''`);
  });

  it.each(jobs)(
    "%s has at most its stack's one key and a reader's, in a step, from its stack's environment",
    (id, job) => {
      const { steps, ...rest } = job;
      expect(secretsOf(rest)).toEqual([]);
      const [key, environment] = expectedKey(id, stackOf(job));
      expect(secretsOf(steps)).toEqual([...(key ? [key] : []), ...readerOf(id)].toSorted());
      expect(secretsOf(steps.map((step) => ({ ...step, env: {} })))).toEqual([]);
      expect(job.environment).toBe(environment);
    },
  );

  it("no key of AWS or Pulumi is among them: roles are assumed by OIDC", () => {
    for (const name of WORKFLOWS) {
      expect(workflowText(name)).not.toMatch(
        /aws-(secret-)?access-key|AWS_(SECRET_)?ACCESS_KEY|PULUMI_ACCESS_TOKEN/,
      );
    }
  });
});

describe("third-party actions", () => {
  const lines = WORKFLOWS.flatMap((name) => workflowText(name).split("\n")).filter((line) =>
    /\buses:/.test(line),
  );

  it.each(lines)("%s is pinned by commit, with its version beside it", (line) => {
    expect(line).toMatch(/uses: [\w-]+(\/[\w-]+){1,2}@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it("have one version each", () => {
    const pins = new Set(lines.map((line) => line.replace(/^.*uses: /, "")));
    expect([...pins].map((pin) => pin.replace(/@.*/, "")).toSorted()).toEqual([
      "actions/cache/restore",
      "actions/cache/save",
      "actions/checkout",
      "actions/download-artifact",
      "actions/setup-node",
      "actions/upload-artifact",
      "aws-actions/configure-aws-credentials",
      "pulumi/actions",
    ]);
  });

  it.each(jobs)("%s leaves no token behind in the checkout", (_, { steps }) => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkouts.map((step) => step.with?.["persist-credentials"])).toEqual(checkouts.map(() => false));
  });

  it("a cache is only where no secret is", () => {
    const withNode = jobs.filter(([, job]) => usesAction(job, "actions/setup-node"));
    const settings = withNode.map(([id, { steps }]) => {
      const setup = steps.find(({ uses }) => uses?.startsWith("actions/setup-node@"));
      return [id, setup?.with];
    });
    const expected = withNode.map(([id]) => {
      const cache = id === "preview/validate" ? { cache: "npm" } : { "package-manager-cache": false };
      return [id, { "node-version": "22.23.3", ...cache }];
    });
    expect(settings).toEqual(expected);
    const cached = jobs.filter(([, { steps }]) =>
      steps.some(({ uses }) => uses?.startsWith("actions/cache")),
    );
    expect(cached.map(([id]) => id)).toEqual([
      "preview/earlier-preprod",
      "preview/keep-preprod",
      "deploy/earlier-preprod",
      "deploy/keep-preprod",
    ]);
    for (const [, job] of cached)
      expect([secretsOf(job), job.environment, job.permissions]).toEqual([[], undefined, {}]);
  });
});

describe("shell parts", () => {
  const scripts = jobs.flatMap(([id, { steps }]) =>
    steps.flatMap(({ run, name = "" }) => (run ? [[`${id}: ${name}`, run] as const] : [])),
  );

  it.each(scripts)("%s has no expression that a runner would paste into it", (_, run) => {
    expect(run).not.toContain("${{");
  });

  it.each(scripts)("%s runs packages of the lock file alone, and none of their scripts", (_, run) => {
    expect(run).not.toMatch(/\bnpx\b|npm (i|install|exec)\b|npm ci(?! --ignore-scripts)/);
  });

  it("stop at the first failure, in a pipe too", () => {
    for (const name of WORKFLOWS) expect(readWorkflow(name).defaults.run.shell).toBe("bash");
  });
});

describe("deploying", () => {
  const { jobs: deploy, concurrency } = readWorkflow("deploy");
  const minutes = (text: string | undefined) => Number(/^(\d+)m$/.exec(text ?? "")?.[1]);

  it.each(["preprod", "mainnet"])("%s runs one at a time and is never ended half-way", (stack) => {
    expect(concurrency).toBeUndefined();
    for (const id of [`plan-${stack}`, `up-${stack}`]) {
      expect(deploy[id]?.concurrency).toEqual({ group: `deploy-${stack}`, "cancel-in-progress": false });
    }
    expect(readWorkflow("drift").concurrency?.["cancel-in-progress"]).toBe(false);
  });

  it.each(["preprod", "mainnet"])("%s does the plan that was shown, and nothing without one", (stack) => {
    const up = deploy[`up-${stack}`];
    expect(up?.needs).toBe(`plan-${stack}`);
    expect(up?.env?.["MASUMI_PLAN"]).toBe(`\${{ needs.plan-${stack}.outputs.checksum }}`);
    expect(deploy[`plan-${stack}`]?.outputs?.["checksum"]).toBe("${{ steps.plan.outputs.checksum }}");
    expect(up?.environment).toBe(stack);
  });

  it("of Mainnet waits for Preprod and follows no failure", () => {
    expect(deploy["eval-mainnet"]?.needs).toBe("up-preprod");
    expect(deploy["eval-mainnet"]?.if).toMatch(/!failure\(\) && !cancelled\(\)/);
    expect(deploy["plan-mainnet"]?.needs).toBe("eval-mainnet");
    expect(deploy["plan-mainnet"]?.if).toContain("needs.eval-mainnet.result == 'success'");
    expect(deploy["up-mainnet"]?.if).toContain("needs.plan-mainnet.result == 'success'");
  });

  it("makes the plan as the pull request's preview did", () => {
    const { jobs: preview } = readWorkflow("preview");
    const steps = [
      preview["plan-preprod"],
      preview["plan-mainnet"],
      deploy["plan-preprod"],
      deploy["plan-mainnet"],
    ];
    for (const job of steps) expect(job?.steps).toEqual(deploy["plan-preprod"]?.steps);
  });

  it("evaluates as the pull request's preview did, in jobs that sign in nowhere, before anything is planned", () => {
    const { jobs: preview } = readWorkflow("preview");
    for (const stack of ["preprod", "mainnet"]) {
      for (const jobs of [preview, deploy]) {
        expect(jobs[`eval-${stack}`]?.steps).toEqual(deploy["eval-preprod"]?.steps);
        expect(jobs[`plan-${stack}`]?.needs).toContain(`eval-${stack}`);
      }
    }
  });

  it("takes outcomes of earlier runs over for Preprod alone: on Mainnet, only those of the very run count", () => {
    for (const { jobs } of [readWorkflow("preview"), readWorkflow("deploy")]) {
      const cached = Object.entries(jobs).filter(([, { steps }]) =>
        steps.some(({ uses }) => uses?.startsWith("actions/cache")),
      );
      expect(cached.map(([id, job]) => [id, stackOf(job), job.environment])).toEqual([
        ["earlier-preprod", "preprod", undefined],
        ["keep-preprod", "preprod", undefined],
      ]);
      const takers = Object.entries(jobs).flatMap(([id, { steps }]) =>
        steps
          .filter((step) => JSON.stringify(step.with ?? {}).includes('"pattern":"earlier-'))
          .map((step) => [id, step.if]),
      );
      // scripts.test.ts runs the step that says so, for either network.
      const condition = "steps.demanded.outputs.keeps == 'true'";
      expect(takers).toEqual([
        ["eval-preprod", condition],
        ["eval-mainnet", condition],
      ]);
    }
  });

  it.each(["plan-preprod", "up-preprod"])(
    "%s takes outcomes over into their folder, and nothing else",
    (id) => {
      const step = deploy[id]?.steps.find(({ uses }) => uses?.startsWith("actions/download-artifact@"));
      expect(step?.with).toMatchObject({
        pattern: "evals-${{ env.STACK }}",
        path: ".masumi/evals/${{ env.STACK }}",
      });
    },
  );

  it.each(["preprod", "mainnet"])(
    "of %s ends before its credentials do, with time for chain and rollout",
    (stack) => {
      const job = deploy[`up-${stack}`];
      const [, kill, limit] = /--kill-after=(\w+) (\w+)/.exec(scriptOf("deploy", `up-${stack}`, "up")) ?? [];
      const role = job?.steps.find(({ uses }) => uses?.startsWith("aws-actions/"));
      const session = Number(role?.with?.["role-duration-seconds"]) / 60;
      const timeout = job?.["timeout-minutes"] ?? 0;
      expect(minutes(limit) + minutes(kill)).toBeLessThan(timeout);
      expect(timeout).toBeLessThan(session);

      const { config } = parse(readFileSync(join(repository, `Pulumi.${stack}.yaml`), "utf8")) as {
        config: Record<string, unknown>;
      };
      const { jobMinutes = 60 } = (config["masumi:aws"] ?? {}) as { jobMinutes?: number };
      const waitMinutes = Number(config["masumi:waitMinutes"] ?? 60);
      expect(waitMinutes + jobMinutes).toBeLessThan(minutes(limit));
    },
  );

  it("of a fleet has the same limits, one at a time, and is no other's concern", () => {
    const { find, up } = readWorkflow("fleets").jobs;
    const limitsOf = (script: string) => /timeout --foreground.*\n.*pulumi up.*$/m.exec(script)?.[0];
    expect(find?.if).toBe("contains(vars.MASUMI_STACKS, 'customers')");
    expect(limitsOf(scriptOf("fleets", "up", "up"))).toBe(limitsOf(scriptOf("deploy", "up-preprod", "up")));
    expect(up?.["timeout-minutes"]).toBe(deploy["up-preprod"]?.["timeout-minutes"]);
    expect(up?.concurrency).toEqual({ group: "deploy-${{ matrix.stack }}", "cancel-in-progress": false });
    const checkout = up?.steps.find(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkout?.with?.["ref"], "the newest commit, whichever run begins").toBe("main");
    expect(up?.steps.slice(-2)[0]?.uses).toMatch(/^aws-actions\/configure-aws-credentials@/);
  });

  it("assumes its role last, right before up", () => {
    for (const stack of ["preprod", "mainnet"]) {
      const job = deploy[`up-${stack}`];
      const [role, up] = job?.steps.slice(-2) ?? [];
      expect(role?.uses).toMatch(/^aws-actions\/configure-aws-credentials@/);
      expect(job && findStep(job, "up")).toBe(up);
    }
  });
});

describe("a release", () => {
  const { jobs: release, concurrency } = readWorkflow("release");

  it("is made of what the tests passed for, one at a time, and is never ended half-way", () => {
    expect(release["test"]?.steps).toEqual(readWorkflow("test").jobs["test"]?.steps);
    expect(release["build"]?.needs).toBe("test");
    expect(concurrency).toEqual({ group: "release", "cancel-in-progress": false });
  });

  it.each<[what: string, tag: string, changes: string, exitCode: number, said: string]>([
    ["the tag of the version", "v1.2.3", "## 1.2.3\n\nNew.\n\n## 1.2.2\n\nOld.\n", 0, "New."],
    ["a section with a date", "v1.2.3", "## 1.2.3 (2026-11-30)\n\nNew.\n", 0, "New."],
    ["the tag of another version", "v1.2.4", "## 1.2.3\n\nNew.\n", 1, "The tag is v1.2.4, and package.json"],
    [
      "a version without a section",
      "v1.2.3",
      "## 1.2.30\n\nNew.\n",
      1,
      "CHANGELOG.md says nothing of 1.2.3.",
    ],
    ["an empty section", "v1.2.3", "## 1.2.3\n\n## 1.2.2\n\nOld.\n", 1, "says nothing of 1.2.3."],
  ])("begins with %s, or not at all", async (_what, tag, changes, exitCode, said) => {
    const folder = mkdtempSync(join(tmpdir(), "release-"));
    try {
      writeFileSync(join(folder, "package.json"), '{ "version": "1.2.3" }');
      writeFileSync(join(folder, "CHANGELOG.md"), changes);
      const env = { GITHUB_REF_NAME: tag, RUNNER_TEMP: folder, GITHUB_OUTPUT: join(folder, "output") };
      const result = await runScript(scriptOf("release", "build", "check"), folder, env);
      expect(result.exitCode).toBe(exitCode);
      const notes = join(folder, "notes.md");
      const text = exitCode === 0 ? readFileSync(notes, "utf8") : JSON.stringify(result);
      expect(text).toContain(said);
      expect(text).not.toContain("Old.");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("runs nothing of the repository's, or of its dependencies', beside the token that publishes", () => {
    const { publish } = release;
    expect(publish?.needs).toBe("build");
    expect(publish?.steps.map(({ uses = "run" }) => uses.split("@")[0])).toEqual([
      "actions/setup-node",
      "actions/download-artifact",
      "run",
    ]);
    expect(JSON.stringify(publish)).not.toMatch(/npm (ci|install|run|exec)\b|npx/);
    // Whatever else is published waits for the reviewer of the packages.
    expect(release["image"]?.needs).toContain("publish");
    expect(release["release"]?.needs).toBe("image");
  });

  it("has a section for the version that is here", () => {
    const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
      version: string;
    };
    expect(readFileSync(join(repository, "CHANGELOG.md"), "utf8")).toMatch(
      new RegExp(`^## ${version}\\b`, "m"),
    );
  });
});

describe("every job", () => {
  it.each(jobs)("%s has a time-out and a named machine image", (_, job) => {
    expect(job["timeout-minutes"]).toBeGreaterThan(0);
    expect(job["runs-on"]).toBe("ubuntu-24.04");
  });

  const first = jobs.filter(([id]) => /\/(plan|drift|eval)-/.test(id));
  it.each(first)("%s runs only where its stack is switched on", (_, job) => {
    expect(job.if).toContain(`contains(vars.MASUMI_STACKS, '${stackOf(job)}')`);
  });
});
