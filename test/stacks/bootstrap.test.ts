import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IAM } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { parse, stringify } from "yaml";
import { propose } from "../../stacks/bootstrap/cloudformation.ts";
import { type FoundationWish, foundationOf } from "../../stacks/bootstrap/foundation.ts";
import { TEMPLATE_SIZE, templateOf } from "../../stacks/bootstrap/template.ts";
import { guardingOf, stepsOf, valuesOf } from "../../stacks/bootstrap/values.ts";
import { openProject } from "../../stacks/project.ts";
import { TestProject } from "../helpers/project.ts";
import { LocalS3 } from "../helpers/s3.ts";

/** As the client of the emulated S3. */
const REGION = "us-east-1";
const project = new TestProject();
afterAll(() => project.dispose());

const settings = (stack: string, config: Record<string, unknown>) =>
  project.write(`Pulumi.${stack}.yaml`, stringify({ config: { "aws:region": REGION, ...config } }));
const wish = { stack: "preprod", repository: "example/agents" };
const foundation = (more: Partial<FoundationWish> = {}) =>
  foundationOf(openProject(project.root), { ...wish, ...more }, {});

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
}
const resourcesOf = (template: string) =>
  (parse(template, { logLevel: "silent" }) as { Resources: Record<string, Resource> }).Resources;

describe("the template", () => {
  const FULL = {
    "masumi:aws": { domain: "agents.example.com", kmsKeyArn: "arn:aws:kms:eu-central-1:1:key/1" },
    "masumi:documents": { bucket: "example-documents", prefix: "crews" },
    "masumi:ledger": { bucket: "example-ledger" },
  };
  it.each<[what: string, config: Record<string, unknown>, more: object, has: string[], hasNot: string[]]>([
    [
      "of a stack with little allows little",
      {},
      {},
      [
        "AWS::IAM::OIDCProvider",
        "SSEAlgorithm: aws:kms", // which the emulator leaves out
        "repository/masumi-agents-preprod-*",
        "masumi-agents-preprod-state-${AWS::AccountId}",
      ],
      ["route53:ChangeResourceRecordSets", "kms:ViaService", "undefined", "example-"],
    ],
    [
      "of a stack with everything allows that",
      FULL,
      { zone: "Z0123", bucket: "example-state", hasProvider: true },
      [
        "hostedzone/Z0123",
        '"*.agents.example.com"',
        "key/1",
        "example-documents/crews/masumi-agents/preprod/*",
        "example-ledger/masumi-agents/preprod/*",
        "BucketName: example-state",
      ],
      ["AWS::IAM::OIDCProvider", "DependsOn", "undefined"],
    ],
    [
      "leaves out buckets that are not on AWS",
      { "masumi:ledger": { bucket: "example-ledger", endpoint: "https://s3.example.com" } },
      {},
      [],
      ["example-ledger"],
    ],
  ])("%s", (_what, config, more, has, hasNot) => {
    settings("preprod", config);
    const template = templateOf(foundation(more));
    expect(has.filter((text) => !template.includes(text))).toEqual([]);
    expect(hasNot.filter((text) => template.includes(text))).toEqual([]);
    expect(Buffer.byteLength(template)).toBeLessThan(TEMPLATE_SIZE);
    expect(template, "CloudFormation refuses aliases").not.toMatch(/^[^"#]*: [&*]\w+$/m);
  });

  it.each(["example/agents", "repo:example/agents", "repo:example@12/agents@34"])(
    "lets jobs of one environment of %s assume each role, and nobody else",
    (repository) => {
      settings("preprod", {});
      const made = foundation({ repository });
      expect(made.repository).toBe("example/agents");
      const resources = Object.entries(resourcesOf(templateOf(made)));
      const subjects = resources.flatMap(
        ([
          id,
          {
            Properties: { AssumeRolePolicyDocument: trust },
          },
        ]) => (trust ? [[id, /"[^"]*:sub":"([^"]*)"/.exec(JSON.stringify(trust))?.[1]]] : []),
      );
      const prefix = `repo:${repository.replace("repo:", "")}:environment`;
      expect(subjects).toEqual([
        ["DeployRole", `${prefix}:preprod`],
        ["PlanRole", `${prefix}:preprod-plan`],
      ]);
    },
  );

  it("is refused with everything that is wrong, and warns of Mainnet's reviewers", () => {
    settings("mainnet", {
      "masumi:network": "Mainnet",
      "masumi:aws": { permissionsBoundary: "arn:aws:iam::1:policy/x" },
    });
    const wrong = {
      stack: "mainnet",
      repository: "agents",
      region: "mars",
      bucket: "X",
      account: "1",
      zone: "a.b",
    };
    const told = () => foundation(wrong);
    for (const part of [
      "--repository",
      "--region is one",
      "aws:region",
      "--bucket",
      "--account",
      "--zone is",
      "masumi:aws.domain",
      "permissionsBoundary",
    ])
      expect(told).toThrow(part);
    expect(() => foundation({ stack: "local" })).toThrow(/^BOOTSTRAP_INVALID: [^]*runs on this machine/);
    settings("mainnet", { "masumi:network": "Mainnet" });
    const mainnet = foundation({ stack: "mainnet", account: "123456789012" });
    expect(guardingOf(mainnet).commands.join("\n")).toMatch(
      /environments\/mainnet-plan\/deployment-branch-policies[^]*required reviewers of mainnet/,
    );
    const steps = JSON.stringify(stepsOf(mainnet, valuesOf(mainnet)));
    expect(steps, "they were guarded before the roles were made").not.toContain("environments/");
    expect(steps).toContain("arn:aws:iam::123456789012:role/masumi-agents-mainnet-deploy");
    expect(steps).toContain('MASUMI_STACKS --repo example/agents --body \\"preprod mainnet\\"');
  });
});

// jq is what gh has built in; GitHub's own machines have it.
const lacksJq = spawnSync("jq", ["--version"]).status !== 0;
if (lacksJq) console.warn("LEFT OUT: no environment is guarded, as there is no jq on PATH.");

describe.skipIf(lacksJq)("guarding an environment on GitHub", () => {
  it.each([
    ["that is new", undefined, {}],
    [
      "that has rules of its own keeps them",
      {
        can_admins_bypass: false,
        protection_rules: [
          { id: 1, type: "wait_timer", wait_timer: 30 },
          {
            id: 2,
            type: "required_reviewers",
            prevent_self_review: true,
            reviewers: [{ type: "Team", reviewer: { id: 7, slug: "ops" } }],
          },
          { id: 3, type: "branch_policy" },
        ],
        deployment_branch_policy: { protected_branches: true, custom_branch_policies: false },
      },
      {
        can_admins_bypass: false,
        wait_timer: 30,
        prevent_self_review: true,
        reviewers: [{ type: "Team", id: 7 }],
      },
    ],
  ])("%s", (_what, environment, kept) => {
    const folder = mkdtempSync(join(tmpdir(), "masumi-gh-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = (name: string) => join(folder, name);
    if (environment) writeFileSync(file("preprod"), JSON.stringify(environment));
    // Knows an environment once it is there or was put, and notes what was put over it.
    const gh = `#!/bin/sh
      for word; do case $word in repos/*) name=\${word##*/} ;; esac; done
      case "$*" in
        *POST*) echo "$*" >> "$GH_STATE/posted" ;;
        *"--input -") cat > "$GH_STATE/$name.put" ;;
        *PUT*) echo '{"can_admins_bypass":true,"protection_rules":[]}' > "$GH_STATE/$name" ;;
        *--jq*) jq -c "$4" "$GH_STATE/$name" ;;
        *) test -f "$GH_STATE/$name" ;;
      esac`;
    writeFileSync(file("gh"), gh, { mode: 0o755 });
    const commands = guardingOf(foundation({ stack: "preprod" })).commands.join("\n");
    const env = { PATH: `${folder}:${process.env["PATH"]}`, GH_STATE: folder };
    expect(spawnSync("sh", ["-e"], { input: commands, env, encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
    expect(JSON.parse(readFileSync(file("preprod.put"), "utf8"))).toEqual({
      ...kept,
      deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
    });
    expect(existsSync(file("preprod-preview"))).toBe(true);
    expect(existsSync(file("preprod-preview.put"))).toBe(false);
    expect(readFileSync(file("posted"), "utf8")).toMatch(/preprod\/deployment-branch-policies -f name=main/);
  });
});

describe("a path of roles", () => {
  it.each<[what: string, mine: string | undefined, other: string | undefined, isRefused: boolean]>([
    ["its own", undefined, undefined, false],
    ["its own, as AWS's default", "/", "/", false],
    ["beside one that begins alike", "/crews/", "/crews2/", false],
    ["another stack's, too", "/crews/", "/crews/", true],
    ["above another stack's", "/crews/", "/crews/mainnet/", true],
    ["below another stack's", "/crews/preprod/", "/crews/", true],
    ["above another stack's default", "/masumi-agents/", undefined, true],
    ["below another stack's default", "/masumi-agents/mainnet/crews/", "/", true],
  ])("that is %s", (_what, mine, other, isRefused) => {
    const at = (rolePath?: string) => (rolePath === undefined ? {} : { "masumi:aws": { rolePath } });
    settings("preprod", at(mine));
    settings("mainnet", at(other));
    const said = () => {
      try {
        return foundation().target.rolePath;
      } catch (error) {
        return String(error);
      }
    };
    const ofMine = mine === "/crews/" ? mine : "/masumi-agents/preprod/";
    expect(said()).toMatch(
      isRefused ? /BOOTSTRAP_INVALID: [^]*stack mainnet below [^]*masumi:aws.rolePath/ : ofMine,
    );
    settings("mainnet", {});
  });

  it("may be that of the portal's fleets, which are copies of the stack", () => {
    const permissionsBoundary = "arn:aws:iam::123456789012:policy/masumi-agents-preprod-boundary";
    settings("preprod", { "masumi:aws": { rolePath: "/crews/", permissionsBoundary } });
    settings("preprod-01", { "masumi:aws": { rolePath: "/crews/", permissionsBoundary } });
    expect(foundation().target.rolePath).toBe("/crews/");
    project.remove("Pulumi.preprod-01.yaml");
    settings("preprod", {});
  });
});

describe("--apply", () => {
  let s3: LocalS3;
  let iam: IAM;
  beforeAll(async () => {
    s3 = await LocalS3.start();
    const env = { AWS_ENDPOINT_URL: s3.endpoint, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    Object.assign(project.env, { MASUMI_BUNDLED_NODE: "1" });
    iam = new IAM({ region: REGION });
    settings("preprod", {});
  }, 120_000);
  afterAll(async () => {
    vi.unstubAllEnvs();
    iam.destroy();
    await s3[Symbol.asyncDispose]();
  });

  it("makes what is needed, and changes nothing the second time", async () => {
    const words = [
      "bootstrap",
      "aws",
      "-s",
      "preprod",
      "--repository",
      "example/agents",
      "--apply",
      "--json",
    ];
    const first = await project.run(...words);
    expect(first.stderr).toMatch(
      /environments\/preprod\/deployment-branch-policies -f name=main[^]*CloudFormation is updating/,
    );
    const made = JSON.parse(first.stdout) as { changes: object[]; values: Record<string, string> };
    expect(made.changes).toHaveLength(13);
    expect(made.values["deployRole"]).toMatch(/^arn:aws:iam::\d{12}:role\/masumi-agents-preprod-deploy$/);
    const Bucket = /^s3:\/\/([^?]+)\?region=us-east-1$/.exec(made.values["backendUrl"] ?? "")?.[1] ?? "";
    expect(await s3.client.getBucketVersioning({ Bucket })).toMatchObject({ Status: "Enabled" });
    expect((await s3.client.getPublicAccessBlock({ Bucket })).PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    expect((await s3.client.getBucketPolicy({ Bucket })).Policy).toContain("aws:SecureTransport");
    const RoleName = "masumi-agents-preprod-deploy";
    expect((await iam.listAttachedRolePolicies({ RoleName })).AttachedPolicies).toHaveLength(4);
    expect((await iam.listOpenIDConnectProviders({})).OpenIDConnectProviderList).toHaveLength(1);

    const second = await project.run(...words);
    expect(second.stderr).toContain("Nothing to change");
    expect(second.stderr).not.toContain("environments/");
    expect(JSON.parse(second.stdout)).toEqual({ ...made, changes: [] });
  });

  it("changes policies alone once the stack has a ledger, and nothing if it is not wanted after all", async () => {
    settings("preprod", { "masumi:ledger": { bucket: "example-ledger" } });
    const proposal = await propose(foundation());
    expect(proposal.changes.map(({ action, id }) => `${action} ${id}`).toSorted()).toEqual([
      "Modify DeployingAccess",
      "Modify Planning",
    ]);
    await proposal.drop();
    expect((await propose(foundation())).changes).toHaveLength(2);
  });

  it("takes back a stack whose provider the account has already, and says what takes that one", async () => {
    settings("mainnet", {});
    const other = { stack: "mainnet" };
    const proposal = await propose(foundation(other));
    await expect(proposal.carryOut()).rejects.toThrow(
      /^BOOTSTRAP_FAILED: [^]*GitHub: [^]*--existing-provider/,
    );
    const { changes } = await propose(foundation({ ...other, hasProvider: true }));
    expect(changes).toHaveLength(12);
  });

  it("leaves alone what somebody else has made since it was proposed", async () => {
    const wanted = foundation({ stack: "mainnet", hasProvider: true });
    const proposal = await propose(wanted);
    // The emulator gives each proposal a stack of its own, so the somebody else has this one.
    await proposal.carryOut();
    await proposal.drop();
    expect((await propose(wanted)).changes).toEqual([]);
  });
});
