import {
  type AuthorSettings,
  authorSettings,
  ledgerSettings,
  readHostingSettings,
} from "../../infra/config.ts";
import { type PolicyTarget, namesProblem } from "../../infra/hosting/ecs/rights/places.ts";
import {
  type Environment,
  type Project,
  isLocalStack,
  projectName,
  readConfig,
  requireStackFile,
  stackFile,
  stackNames,
} from "../project.ts";
import { BootstrapError } from "./errors.ts";

export interface FoundationWish {
  readonly stack: string;
  /**
   * The repository on GitHub whose workflows deploy the stack: <owner>/<name>, or with the ids that the subjects of its tokens have if it
   * was made or renamed since July 2026, <owner>@<id>/<name>@<id>. `repo:` may stand before it, as GitHub writes it.
   */
  readonly repository?: string | undefined;
  /** @default the stack's aws:region, or that of the environment */
  readonly region?: string | undefined;
  /** The bucket of the state, which is made. @default named after project, stack and account */
  readonly bucket?: string | undefined;
  /** The AWS account, for what is printed. @default ACCOUNT_ID stands in its place */
  readonly account?: string | undefined;
  /** The id of the domain's hosted zone. @default any zone: names below the domain can be written in no other */
  readonly zone?: string | undefined;
  /** The account has GitHub's OIDC provider already. @default false */
  readonly hasProvider?: boolean | undefined;
}

/** What a stack on AWS needs before its first run, checked. */
export interface Foundation {
  readonly project: string;
  readonly stack: string;
  /** The name of the stack in CloudFormation. */
  readonly name: string;
  /** As <owner>/<name>. */
  readonly repository: string;
  readonly region: string;
  readonly bucket: string | undefined;
  readonly account: string | undefined;
  readonly hasProvider: boolean;
  /** What the policies are written for, with CloudFormation's variables for what it alone knows. */
  readonly target: PolicyTarget;
  /** aws:profile. */
  readonly profile: string | undefined;
  readonly isMainnet: boolean;
  /** The stacks that the workflows deploy, this one among them. */
  readonly deployed: string;
}

/**
 * Returns what a stack needs, from the options and from those of its settings that its rights depend on.
 *
 * @throws BootstrapError BOOTSTRAP_INVALID with every problem
 */
export function foundationOf(project: Project, wish: FoundationWish, env: Environment): Foundation {
  const { stack, repository = "", bucket, account, hasProvider = false } = wish;
  const problems = wrongOptions(wish);
  const settings = readSettings(project, stack, env, problems);
  const region = wish.region ?? settings?.region;
  const name = projectName(project);
  const target = targetOf(name, wish, settings);
  const unfit = namesProblem(target);
  if (settings) problems.push(...disagreements(wish, settings, target));
  if (unfit !== undefined) problems.push(unfit);
  if (problems.length > 0 || !settings || region === undefined) {
    throw new BootstrapError(
      "BOOTSTRAP_INVALID",
      `Nothing was made.\n${problems.map((problem) => `  - ${problem.replaceAll("\n", "\n    ")}`).join("\n")}`,
      "Correct them all and try again; npx masumi-agents bootstrap aws --help shows the options.",
    );
  }
  return {
    project: name,
    stack,
    name: `${name}-${stack}-bootstrap`,
    repository: repository.replace(/^repo:/, "").replaceAll(/@\d+/g, ""),
    region,
    bucket,
    account,
    hasProvider,
    target,
    profile: settings.profile,
    isMainnet: settings.network === "Mainnet",
    // Mainnet gets what Preprod has been shown to take.
    deployed: stack === "mainnet" && stackNames(project).includes("preprod") ? "preprod mainnet" : stack,
  };
}

const REPOSITORY =
  "--repository is the one on GitHub that deploys the stack: example/agents, or with the ids in the subjects of its tokens, which " +
  "gh api repos/example/agents/actions/oidc/customization/sub --jq .sub_claim_prefix prints: repo:example@1234/agents@5678";

/** What the options look like. */
const OPTIONS = {
  repository: {
    pattern:
      /^(repo:)?[A-Za-z0-9][A-Za-z0-9-]{0,38}(\/[A-Za-z0-9._-]{1,100}|@\d+\/[A-Za-z0-9._-]{1,100}@\d+)$/,
    complaint: REPOSITORY,
  },
  region: { pattern: /^[a-z]{2}(-[a-z]+)+-\d$/, complaint: "--region is one of AWS's: eu-central-1" },
  bucket: {
    pattern: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    complaint: "--bucket has 3 to 63 lower-case letters, digits, dots and hyphens: example-pulumi-state",
  },
  account: { pattern: /^\d{12}$/, complaint: "--account has twelve digits: 123456789012" },
  zone: {
    pattern: /^Z[A-Z0-9]{1,31}$/,
    complaint: "--zone is the id of the hosted zone, not its name: Z0123456789ABCDEFGHIJ",
  },
} as const;

function wrongOptions(wish: FoundationWish): string[] {
  const given = Object.entries(OPTIONS).flatMap(([name, { pattern, complaint }]) => {
    const value = wish[name as keyof typeof OPTIONS];
    return value === undefined || pattern.test(value) ? [] : [`${complaint}; got ${JSON.stringify(value)}`];
  });
  return [...(wish.repository === undefined ? [REPOSITORY] : []), ...given];
}

/** The settings of a stack that its rights depend on. */
interface Settings {
  readonly network?: string | undefined;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly rolePath?: string;
  /** The paths of the other stacks' roles, by stack. */
  readonly otherPaths?: ReadonlyMap<string, string>;
  readonly boundary?: string | undefined;
  readonly domain?: string | undefined;
  readonly kmsKey?: string | undefined;
  readonly documents?: AuthorSettings["documents"];
  readonly ledger?: ReturnType<typeof ledgerSettings>;
}

/** Returns what is set, and adds what is wrong with it to the problems; undefined for a stack that needs nothing on AWS. */
function readSettings(
  project: Project,
  stack: string,
  env: Environment,
  problems: string[],
): Settings | undefined {
  const reading = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      problems.push((error as Error).message);
      return undefined;
    }
  };
  if (isLocalStack(stack)) {
    problems.push(`stack ${stack} runs on this machine and needs nothing on AWS: name another with --stack`);
    return undefined;
  }
  reading(() => requireStackFile(project, stack));
  const values = readConfig(project, stack);
  const aws = reading(() => readHostingSettings(stack, values, env))?.aws;
  const others = stackNames(project).filter(
    (name) => !isLocalStack(name) && stackFile(project, name) !== stackFile(project, stack),
  );
  const pathOf = (other: string): [string, string][] => {
    const settings = reading(() => readHostingSettings(other, readConfig(project, other), env))?.aws;
    if (!settings) return [];
    // The portal's fleets are copies of a stack, and deployed by that one's role.
    const isCopy =
      settings.permissionsBoundary !== undefined && settings.permissionsBoundary === aws?.permissionsBoundary;
    return isCopy ? [] : [[other, rolePathOf(projectName(project), other, settings.rolePath)]];
  };
  return {
    network: values["masumi:network"],
    region: aws?.region,
    profile: aws?.profile,
    rolePath: aws?.rolePath ?? "/",
    otherPaths: new Map(others.flatMap(pathOf)),
    boundary: aws?.permissionsBoundary,
    domain: aws?.domain,
    kmsKey: aws?.kmsKeyArn,
    documents: reading(() => authorSettings(stack, values))?.documents,
    ledger: reading(() => ledgerSettings(stack, values)),
  };
}

function targetOf(project: string, wish: FoundationWish, settings: Settings = {}): PolicyTarget {
  const { stack, repository = "", zone } = wish;
  const { rolePath = "/", domain, kmsKey, documents, ledger } = settings;
  return {
    partition: "${AWS::Partition}",
    accountId: "${AWS::AccountId}",
    region: "${AWS::Region}",
    project,
    stack,
    rolePath: rolePathOf(project, stack, rolePath),
    boundary: `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:policy/${project}-${stack}-boundary`,
    stateBucket: "${StateBucket}",
    stateKey: "${StateKey.Arn}",
    repository: repository.replace(/^repo:/, ""),
    ...optional("domain", domain),
    ...optional("zoneId", zone),
    ...optional("documents", placeOnAws(documents)),
    ...optional("ledger", placeOnAws(ledger)),
    ...optional("kmsKey", kmsKey),
  };
}

/** A stack without a path gets one: below AWS's default are the roles of the whole account. */
const rolePathOf = (project: string, stack: string, path: string): string =>
  path === "/" ? `/${project}/${stack}/` : path;

const optional = <Name extends keyof PolicyTarget>(name: Name, value: string | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { [key in Name]?: string };

/** A bucket elsewhere needs no rights on AWS. */
const placeOnAws = (place: AuthorSettings["documents"] | Settings["ledger"]): string | undefined =>
  place === undefined || place.endpoint !== undefined
    ? undefined
    : [place.bucket, ...(place.prefix === undefined ? [] : [place.prefix])].join("/");

/** Returns where the options and the settings do not fit together. */
function disagreements(
  { stack, region, zone }: FoundationWish,
  settings: Settings,
  { boundary, rolePath }: PolicyTarget,
): string[] {
  const name = boundary.split(":").at(-1) ?? "";
  const overlaps = [...(settings.otherPaths ?? [])].filter(
    ([, other]) => other.startsWith(rolePath) || rolePath.startsWith(other),
  );
  return [
    ...overlaps.map(
      ([other, path]) =>
        `the roles of stack ${stack} are below ${rolePath} and those of stack ${other} below ${path}, so one stack could change the ` +
        "other's: give each a masumi:aws.rolePath of its own, neither below the other",
    ),
    ...(region === undefined && settings.region === undefined
      ? ["the region is missing: name it with --region, or set aws:region"]
      : []),
    ...(region !== undefined && settings.region !== undefined && region !== settings.region
      ? [
          `--region is ${region}, and stack ${stack} runs in ${settings.region}: name the same, or change aws:region`,
        ]
      : []),
    ...(zone !== undefined && settings.domain === undefined
      ? [
          "--zone limits what may be written for masumi:aws.domain, which is not set: set it, or leave --zone out",
        ]
      : []),
    ...(settings.boundary !== undefined && !settings.boundary.endsWith(`:${name}`)
      ? [
          `masumi:aws.permissionsBoundary is not ${name}, which is made: remove the setting, or make that one by hand`,
        ]
      : []),
  ];
}
