import { COMMANDS } from "../commands/index.ts";
import { commandList, commandReference } from "./commands.ts";

/** A folder as agentskills.io describes it, named like the skill. */
const FOLDER = "skills/masumi-agents";
export const SKILL = `${FOLDER}/SKILL.md`;
export const REFERENCE = `${FOLDER}/references/commands.md`;

const DESCRIPTION =
  "Declare, test, register, watch and remove AI agents on the Masumi network (Cardano) from YAML files with the command masumi-agents. " +
  "Use it in a project that has agents/*.yaml and a Pulumi.yaml, or when somebody wants to publish, price, change, hire or take down such an agent.";

const skillText = (): string => `---
name: masumi-agents
description: ${DESCRIPTION}
license: MIT
compatibility: Node 20 or newer, and Python 3.11 to 3.13 where crews run on this machine
---

# Working with a masumi-agents project

One file \`agents/<id>.yaml\` is one agent. What is declared is made so by \`up\`; nothing is registered by hand. The format is
\`agents/agent.schema.json\` (in a project with the package: \`node_modules/masumi-agents/agents/agent.schema.json\`).

## Order of work

1. \`npx masumi-agents new <id>\` writes a file to begin with; change it.
2. \`npx masumi-agents validate\` says what is wrong, as \`file:line:column: what, how to correct it\`. It needs no network.
3. \`npx masumi-agents try <id> -i <field>=<value>\` does one job. Nothing is registered, nobody pays.
4. \`npx masumi-agents plan\` says what \`up\` would do on the chain, what it costs and what stands in its way.
5. \`npx masumi-agents up\`, then \`npx masumi-agents status\`.

On the stack \`local\` all of this is free: start \`npx masumi-agents sandbox\` once. \`npx masumi-agents doctor\` finds what a machine or a
stack lacks.

## What needs a person's word

- \`up\`, \`destroy\`, \`hire\` and \`bootstrap aws --apply\` on a stack that is not local spend money or change the cloud. Show
  \`plan --stack <name>\` first, and run them only when you were told to.
- Never pass \`--yes\`, set MASUMI_ALLOW_DEREGISTER or MASUMI_FORCE_DEREGISTER, or raise \`masumi:allowDeregister\` on your own account.
- Removing a file, changing \`id:\`, and any change that \`plan\` calls a replacement burn a registration.

## What never to do

- Write a key or a password into YAML, code, a commit or a command's arguments. \`config set --secret <key>\` asks for it.
- Edit \`.masumi/\` or a state. Registrations that exist already are taken over with \`import\`.
- Repeat \`up\` because an answer was lost without looking: \`status\` and \`plan\` say what became of it. A second \`up\` is safe, a second
  registration by hand is not.

## Reading what commands say

\`--json\` prints one document on stdout and everything else on stderr. Exit code 0 is success; \`drift\` ends with 2 where something
differs, \`status\` with 1 where an agent does not answer, \`hire\` with 3 where the job goes on. An error begins with a code, such as
\`CONFIG_INVALID\`; \`docs/errors.md\` says of each what to do. With \`--json\` it is on stdout, too: \`{ "ok": false, "problems": […], "code": … }\`.

## Commands

${commandList(COMMANDS)}

Arguments, options and examples: [references/commands.md](references/commands.md).
`;

/** Return the files of the skill, by their paths from the top of the repository. */
export const skillFiles = (): ReadonlyMap<string, string> =>
  new Map([
    [SKILL, skillText()],
    [REFERENCE, commandReference(COMMANDS)],
  ]);
