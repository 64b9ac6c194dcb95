import type { Outputs } from "./cloudformation.ts";
import type { Foundation } from "./foundation.ts";
import { aliasOf, bucketOf } from "./template.ts";

/** What the workflows, the stack's settings and whoever runs Pulumi by hand are told. */
export interface FoundationValues {
  readonly region: string;
  /** PULUMI_BACKEND_URL. */
  readonly backendUrl: string;
  readonly secretsProvider: string;
  /** ARNs, as AWS_ROLE in the stack's environments, and as masumi:aws.permissionsBoundary. */
  readonly deployRole: string;
  readonly planRole: string;
  readonly permissionsBoundary: string;
  /** masumi:aws.rolePath. */
  readonly rolePath: string;
}

/** What stands where only AWS knows the account, as in docs/aws. */
const ACCOUNT = "ACCOUNT_ID";

/** Returns the values of what was made; before that, they are the names that the template gives. */
export function valuesOf(foundation: Foundation, outputs: Outputs = {}): FoundationValues {
  const { project, stack, region, bucket, account = ACCOUNT, target } = foundation;
  const named = (kind: string, name: string) => `arn:aws:iam::${account}:${kind}/${project}-${stack}-${name}`;
  const stateBucket = outputs["StateBucket"] ?? bucket ?? bucketOf(foundation, account);
  return {
    region,
    backendUrl: `s3://${stateBucket}?region=${region}`,
    secretsProvider: `awskms://${aliasOf(foundation)}?region=${region}`,
    deployRole: outputs["DeployRole"] ?? named("role", "deploy"),
    planRole: outputs["PlanRole"] ?? named("role", "plan"),
    permissionsBoundary: outputs["Boundary"] ?? named("policy", "boundary"),
    rolePath: target.rolePath,
  };
}

/** Commands with a heading. */
export interface Steps {
  readonly title: string;
  readonly commands: readonly string[];
}

/** Returns the commands that follow, in the order in which they are run; those that come before the roles are guardingOf's. */
export const stepsOf = (foundation: Foundation, values: FoundationValues): Steps[] => [
  { title: "On this machine: the stack and its settings", commands: settingsOf(foundation, values) },
  { title: "On GitHub: the variables that the workflows read", commands: variablesOf(foundation, values) },
  {
    title: "On GitHub: the payment service's keys (each command asks for one)",
    commands: keysOf(foundation),
  },
  {
    title: "On GitHub, when you are ready to deploy: the stacks that the workflows deploy",
    commands: [
      `gh variable set MASUMI_STACKS --repo ${foundation.repository} --body "${foundation.deployed}"`,
    ],
  },
];

function settingsOf({ stack }: Foundation, values: FoundationValues): string[] {
  const { region, backendUrl, secretsProvider, permissionsBoundary, rolePath } = values;
  const set = `npx masumi-agents config set -s ${stack}`;
  return [
    `export PULUMI_BACKEND_URL="${backendUrl}"`,
    `npx masumi-agents stack init ${stack} --secrets-provider "${secretsProvider}"`,
    `${set} aws:region ${region}`,
    `${set} --path masumi:aws.rolePath ${rolePath}`,
    `${set} --path masumi:aws.permissionsBoundary ${permissionsBoundary}`,
  ];
}

const gh = (what: string, { repository }: Foundation, environment: string, value?: string) =>
  `gh ${what} --repo ${repository} --env ${environment}${value === undefined ? "" : ` --body "${value}"`}`;

/** For jq: an environment's rules as GitHub takes them. It does not say that it keeps what a request leaves out, so all are sent again. */
const RULES = [
  'if .type == "wait_timer" then {wait_timer} else empty end',
  'if .type == "required_reviewers" then {prevent_self_review, reviewers: [.reviewers[] | {type, id: .reviewer.id}]} else empty end',
].map((rule) => `(.protection_rules[] | ${rule})`);
const ADMINS = "(if .can_admins_bypass == false then {can_admins_bypass} else {} end)";
const CHOSEN_BRANCHES =
  "{deployment_branch_policy: {protected_branches: false, custom_branch_policies: true}}";
const WITH_CHOSEN_BRANCHES = `[${[...RULES, ADMINS, CHOSEN_BRANCHES].join(", ")}] | add`;

/**
 * The roles trust environments, whatever the branch: which branches may use one is GitHub's to say, and is said before they are made. An
 * environment that is there keeps its other rules.
 */
export function guardingOf({ stack, repository, isMainnet }: Foundation): Steps {
  const path = (name: string) => `repos/${repository}/environments/${name}`;
  const make = (name: string) =>
    `gh api --silent ${path(name)} 2>/dev/null || gh api --silent --method PUT ${path(name)}`;
  const ofMain = (name: string) => [
    make(name),
    `gh api ${path(name)} --jq "$RULES" | gh api --silent --method PUT ${path(name)} --input -`,
    `gh api --silent --method POST ${path(name)}/deployment-branch-policies -f name=main`,
  ];
  const reviewers = `# Settings > Environments: required reviewers of ${stack} and ${stack}-preview, before they get keys`;
  return {
    title: "On GitHub, before the roles are made: the environments that they trust",
    commands: [
      `RULES='${WITH_CHOSEN_BRANCHES}'`,
      ...ofMain(stack),
      ...ofMain(`${stack}-plan`),
      make(`${stack}-preview`),
      ...(isMainnet ? [reviewers] : []),
    ],
  };
}

function variablesOf(foundation: Foundation, values: FoundationValues): string[] {
  const { region, backendUrl, deployRole, planRole } = values;
  const of = (name: string, role: string) => [
    gh("variable set AWS_ROLE", foundation, name, role),
    gh("variable set AWS_REGION", foundation, name, region),
    gh("variable set PULUMI_BACKEND_URL", foundation, name, backendUrl),
  ];
  return [...of(foundation.stack, deployRole), ...of(`${foundation.stack}-plan`, planRole)];
}

const keysOf = (foundation: Foundation): string[] => [
  gh("secret set MASUMI_API_KEY", foundation, foundation.stack),
  gh("secret set MASUMI_READ_KEY", foundation, `${foundation.stack}-plan`),
  gh("secret set MASUMI_READ_KEY", foundation, `${foundation.stack}-preview`),
];
