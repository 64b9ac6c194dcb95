/**
 * Words of Pulumi's that there is nothing for here, and what does the same or serves instead. A word below `stack`, `config` or `state`
 * is passed on for any stack but local.
 */
export const INSTEAD: Readonly<Record<string, string>> = {
  about: "npx masumi-agents doctor looks at this machine and the stack; pulumi about at Pulumi.",
  api: "It belongs to Pulumi Cloud: pulumi api.",
  console: "It belongs to Pulumi Cloud: pulumi console. npx masumi-agents status shows the agents.",
  convert:
    "Agents are declared in agents/*.yaml; npx masumi-agents import writes them for existing registrations.",
  deployment: "It belongs to Pulumi Cloud: pulumi deployment. docs/operations.md has the pipelines.",
  do: "It needs the real CLI: pulumi do.",
  env: "It belongs to Pulumi Cloud: pulumi env.",
  "gen-completion": "npx masumi-agents completion bash|zsh|fish",
  insights: "It belongs to Pulumi Cloud: pulumi insights.",
  install: "The first command of masumi-agents installs what it needs; npm ci does too.",
  login: "The local stack needs none; for others: pulumi login, or PULUMI_BACKEND_URL.",
  logout: "The local stack needs none; for others: pulumi logout.",
  neo: "It belongs to Pulumi Cloud: pulumi neo.",
  org: "It belongs to Pulumi Cloud: pulumi org.",
  package: "It needs the real CLI: pulumi package.",
  plugin: "npm ci installs what the program needs; for others: pulumi plugin.",
  policy: "It needs the real CLI: pulumi policy. npx masumi-agents validate and plan check the declarations.",
  project: "It needs the real CLI: pulumi project. npx masumi-agents stack ls lists this project's stacks.",
  schema: "agents/agent.schema.json describes an agent's file; of Pulumi packages: pulumi schema.",
  template: "It belongs to Pulumi Cloud: pulumi template.",
  version: "npx masumi-agents --version; of Pulumi: pulumi version.",
  watch: "Run npx masumi-agents up after each change: it takes seconds, and starts only what changed.",
  whoami: "The local stack needs no login; for others: pulumi whoami.",

  "stack change-secrets-provider": "It is made with a passphrase, in .masumi/passphrase.",
  "stack drift": "npx masumi-agents drift",
  "stack get": "npx masumi-agents stack",
  "stack graph": "It needs the real CLI: pulumi stack graph -s local (README.md, With the real Pulumi CLI).",
  "stack history": "It keeps its last state only; pulumi stack history shows what the real CLI did.",
  "stack import":
    "It needs the real CLI: pulumi stack import -s local (README.md, With the real Pulumi CLI).",
  "stack migrate": "npx masumi-agents stack export writes a state that pulumi stack import reads.",
  "stack remove": "npx masumi-agents destroy, then delete .masumi/state and Pulumi.local.yaml.",
  "stack rm": "npx masumi-agents destroy, then delete .masumi/state and Pulumi.local.yaml.",
  "stack rename": "It is always called local.",
  "stack schedule": "It belongs to Pulumi Cloud.",
  "stack tag": "Tags belong to Pulumi Cloud.",
  "stack unselect": "npx masumi-agents stack select local",
  "stack webhook": "Webhooks belong to Pulumi Cloud.",

  "config copy":
    "Copy what it needs in Pulumi.<stack>.yaml; secrets are set anew with npx masumi-agents config set --secret.",
  "config cp":
    "Copy what it needs in Pulumi.<stack>.yaml; secrets are set anew with npx masumi-agents config set --secret.",
  "config env": "Environments belong to Pulumi Cloud.",
  "config refresh": "Its configuration is what Pulumi.local.yaml says.",
  "config remove-all": "npx masumi-agents config rm <key>, once for each.",
  "config rm-all": "npx masumi-agents config rm <key>, once for each.",
  "config set-all": "npx masumi-agents config set <key> <value>, once for each.",

  "state edit": "It needs the real CLI: pulumi state edit -s local (README.md, With the real Pulumi CLI).",
  "state get": "npx masumi-agents stack export",
  "state move": "It needs the real CLI: pulumi state move (README.md, With the real Pulumi CLI).",
  "state protect":
    "It needs the real CLI: pulumi state protect -s local (README.md, With the real Pulumi CLI).",
  "state rename":
    "It needs the real CLI: pulumi state rename -s local (README.md, With the real Pulumi CLI).",
  "state repair":
    "It needs the real CLI: pulumi state repair -s local (README.md, With the real Pulumi CLI).",
  "state taint": "It needs the real CLI: pulumi state taint -s local (README.md, With the real Pulumi CLI).",
  "state untaint":
    "It needs the real CLI: pulumi state untaint -s local (README.md, With the real Pulumi CLI).",
  "state upgrade": "Its state has the CLI's latest format already.",
};
