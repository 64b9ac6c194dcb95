import { COMMANDS } from "../commands/index.ts";
import { commandList } from "./commands.ts";
import { REFERENCE, SKILL } from "./skill.ts";

/** A document, by its path from the top of the repository and of the package, with what one finds in it. */
type Document = readonly [path: string, title: string, what: string];

/** What a reader of llms.txt opens to work with a project. */
const DOCUMENTS: readonly Document[] = [
  ["README.md", "README", "what it is, the first run, a project of one's own, how an agent is declared"],
  ["agents/agent.schema.json", "JSON Schema of an agent", "every key of a file in agents/, with its rules"],
  [SKILL, "Skill", "how to work with a project: order of commands, what costs money, what needs a person"],
  [REFERENCE, "Commands", "arguments, options and examples of every command"],
  ["docs/operations.md", "Operations", "stacks, settings, keys, pipelines, what to do when something fails"],
  ["docs/outputs.md", "Outputs", "what stacks output and what commands print as JSON"],
  ["docs/errors.md", "Errors", "each error code: what happened, what to do"],
  ["docs/security.md", "Security", "who may hold which key, and what is tested"],
];

/** What may be left out where there is little room, as llmstxt.org has it. */
const OPTIONAL: readonly Document[] = [
  ["docs/aws.md", "AWS", "hostings on ECS, roles, supply of images"],
  ["docs/portal.md", "Portal", "the page where customers get agents of their own"],
  ["docs/architecture.md", "Architecture", "rooms of the code, resources, decisions and their reasons"],
  ["docs/performance.md", "Performance", "what was measured, and how"],
  ["crew/README.md", "Crew runtime", "what every crew runs in"],
];

const links = (documents: readonly Document[]): string =>
  documents.map(([path, title, what]) => `- [${title}](${path}): ${what}`).join("\n");

/** Return the repository's llms.txt. */
export const llmsText = (): string => `# Masumi agents as code

> One YAML file in \`agents/\` is one AI agent: \`up\` runs its crew, checks that it answers, registers it on the Masumi network and waits until the registration is confirmed on Cardano; removing the file deregisters it.

The stack \`local\` needs no account, costs nothing and runs against a simulated payment service (\`npx masumi-agents sandbox\`). Other stacks
(\`--stack preprod\`, \`--stack mainnet\`) spend ADA. Most commands take \`--json\`, and all of them \`--help\`:

${commandList(COMMANDS)}

## Documents

${links(DOCUMENTS)}

## Optional

${links(OPTIONAL)}
`;
