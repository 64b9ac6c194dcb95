/* The texts of a new project's files. Nothing here is loaded from a package, because `npm create` runs it alone. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isOfCloud } from "../../providers/common/optional-packages.ts";
import { PACKAGE_ROOT } from "../../providers/common/own-files.ts";

/** What a new project is made of. */
export interface ProjectChoices {
  /** The name in Pulumi.yaml and package.json. */
  readonly name: string;
  /** Stacks beside local. */
  readonly stacks: readonly string[];
  /** Marks the registrations of these stacks, for good. */
  readonly owner: string;
  /** Who offers the agents, as buyers read it. */
  readonly author: string;
  /** What package.json asks for: a version, or where a tarball is. */
  readonly package: string;
  /** npm packages that bring a Node for local stacks, with their versions; none where the machine's own is new enough. */
  readonly nodes: Readonly<Record<string, string>>;
}

/** Where the package is, seen from a project's folder. */
const INSTALLED = "node_modules/masumi-agents";

const own = (file: string): string => readFileSync(join(PACKAGE_ROOT, file), "utf8");

/** Where this package's documents are found from a project. */
const withDocs = (text: string): string => text.replaceAll(/\bdocs\//g, `${INSTALLED}/docs/`);

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const manifest = (): Manifest => JSON.parse(own("package.json")) as Manifest;

/** Returns the version of this package. */
export const ownVersion = (): string => manifest().version;

function packageJson({ name, stacks, package: wanted, nodes }: ProjectChoices): string {
  const { dependencies, peerDependencies } = manifest();
  const versions = Object.entries({ ...dependencies, ...peerDependencies });
  // The settings of the stacks that are not local begin with a hosting on AWS.
  const isNeeded = (needed: string) =>
    needed === "@pulumi/pulumi" || (stacks.length > 0 && isOfCloud(needed));
  const needed = Object.fromEntries(versions.filter(([needed]) => isNeeded(needed)));
  const content = {
    name,
    private: true,
    type: "module",
    dependencies: { ...needed, "masumi-agents": wanted },
    ...(Object.keys(nodes).length > 0 ? { optionalDependencies: nodes } : {}),
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** Returns an agent's declaration, as one of this package's templates has it, for a file in a project's folder `agents`. */
export function agentText(template: string, author?: string): string {
  const schema = `../${INSTALLED}/agents/agent.schema.json`;
  const text = own(template).replace("$schema=./agent.schema.json", `$schema=${schema}`);
  return author === undefined ? text : text.replace("name: Example GmbH", `name: ${JSON.stringify(author)}`);
}

const stackText = (stack: string, owner: string): string =>
  withDocs(own(`Pulumi.${stack}.yaml`)).replace(/^( *masumi:owner:).*/m, `$1 ${owner}`);

/** Returns one of this repository's workflows as a project runs it that has the package installed. */
const workflow = (file: string, stacks: readonly string[]): string =>
  withDocs(own(`.github/workflows/${file}`))
    .replaceAll(/node cli\/([\w/-]+)\.[jt]s/g, `node ${INSTALLED}/cli/$1.js`)
    .replace("for stack in preprod mainnet;", `for stack in ${stacks.join(" ")};`);

/** The schema of the agents' files is the package's. */
const codeOwners = (): string =>
  withDocs(own(".github/CODEOWNERS")).replace(/\n# Generated from infra\/declarations\.\n.*\n/, "");

const WORKFLOWS = ["preview.yml", "deploy.yml", "drift.yml"];

const IGNORED = `node_modules/
.masumi/
Pulumi.local.yaml
Pulumi.local-*.yaml
`;

const readme = ({ name, stacks }: ProjectChoices): string => `# ${name}

Each YAML file in \`agents/\` is an AI agent on the [Masumi network](https://masumi.network).

\`\`\`console
$ npm install
$ npx masumi-agents sandbox   # a simulated payment service on this machine
$ npx masumi-agents up        # runs the agents and registers them there
$ npx masumi-agents hire hello -i name=Ada -i place=London
\`\`\`

\`npx masumi-agents new <id>\` adds an agent, \`npx masumi-agents --help\` lists everything else.
${
  stacks.length === 0
    ? ""
    : `
Before you use ${stacks.join(" and ")}, replace the example values in \`${stacks.map((stack) => `Pulumi.${stack}.yaml`).join("` and `")}\`;
\`npx masumi-agents doctor -s ${stacks[0]}\` then says what is still missing.
[docs/operations.md](${INSTALLED}/docs/operations.md) leads through the rest.
`
}`;

/** What a helper that works in the project reads first; the rest is in the package, as new as the commands are. */
const agentsText = ({ name, stacks }: ProjectChoices): string => `# ${name}

Each YAML file in \`agents/\` is an AI agent that \`masumi-agents\` runs and registers on the Masumi network. Read
\`${INSTALLED}/skills/masumi-agents/SKILL.md\` (after \`npm install\`) before you change anything here.

- \`npx masumi-agents validate\` after every change of a file; \`npx masumi-agents try <id>\` does one job.
- \`npx masumi-agents plan\` before \`up\`. The stack \`local\` is free; start \`npx masumi-agents sandbox\` once.
${stacks.length === 0 ? "" : `- On ${stacks.join(" and ")}, \`up\`, \`destroy\` and \`hire\` spend ADA: leave them to the pipeline or to a person.\n`}- No key goes into a file: \`npx masumi-agents config set --secret <key>\` asks for it.
`;

/** Returns the files of a new project, by their paths. */
export function projectFiles(choices: ProjectChoices): ReadonlyMap<string, string> {
  const { name, stacks, owner, author } = choices;
  const hasPipeline = stacks.length > 0;
  return new Map([
    ["agents/hello.yaml", agentText("stacks/init/hello.yaml", author)],
    ["infra/index.js", 'export * from "masumi-agents/program";\n'],
    [
      "Pulumi.yaml",
      own("Pulumi.yaml")
        .replace(/^name: .*/m, `name: ${name}`)
        .replace(/ *#.*\n/g, ""),
    ],
    ...stacks.map((stack) => [`Pulumi.${stack}.yaml`, stackText(stack, owner)] as const),
    ["package.json", packageJson(choices)],
    [".gitignore", IGNORED],
    ["README.md", readme(choices)],
    ["AGENTS.md", agentsText(choices)],
    ...(hasPipeline
      ? [
          ...WORKFLOWS.map((file) => [`.github/workflows/${file}`, workflow(file, stacks)] as const),
          [".github/CODEOWNERS", codeOwners()] as const,
        ]
      : []),
  ]);
}
