import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestProject } from "../helpers/project.ts";

// In the shells themselves: a script that no shell has read proves nothing.

let project: TestProject;

beforeAll(async () => {
  project = new TestProject();
  project.write("agents/writer.yaml", "name: Writer\n");
  project.write("agents/renamed.yaml", "id: reader   # was reader.yaml\nname: Reader\n");
  project.write("agents/$(touch pwned).yaml", "name: Evil\n");
  project.write("Pulumi.preprod.yaml", "config: {}\n");
  project.write("world.json", "{}\n");
  for (const shell of ["bash", "zsh", "fish"]) {
    const { stdout } = await project.run("completion", shell);
    project.write(`completion.${shell}`, stdout);
  }
});
afterAll(() => project.dispose());

const has = (shell: string) => spawnSync(shell, ["-c", "exit 0"]).status === 0;

/** What a shell offers after these words; the last one is being typed. */
type Offer = (words: readonly string[], folder?: string) => string[];

function ask(shell: string, script: string, folder = "."): string[] {
  const { stdout, stderr } = spawnSync(shell, ["-c", script], {
    cwd: project.path(folder),
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

const bash: Offer = (words, folder) =>
  ask(
    "bash",
    `source ${project.path("completion.bash")}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
function=$(complete -p ${words[0]} | sed -n 's/.*-F \\([^ ]*\\).*/\\1/p')
$function
printf '%s\\n' "\${COMPREPLY[@]}"`,
    folder,
  );

const fish: Offer = (words, folder) =>
  ask("fish", `source ${project.path("completion.fish")}; complete -C '${words.join(" ")}'`, folder).map(
    (line) => line.split("\t")[0] ?? "",
  );

describe.each([
  ["bash", bash],
  ["fish", fish],
] as const)("%s", (shell, offer) => {
  it.skipIf(!has(shell)).each([
    ["masumi-agents va", ["validate"]],
    ["npx masumi-agents va", ["validate"]],
    ["masumi-agents stack ou", ["output"]],
    ["masumi-agents up --js", ["--json"]],
    ["masumi-agents up --stack ", ["local", "preprod"]],
    ["masumi-agents --cwd x up --json -s pre", ["preprod"]],
    ["masumi-agents hire ", ["reader", "writer"]],
    ["masumi-agents destroy --target w", ["writer"]],
    ["masumi-agents completion z", ["zsh"]],
    ["masumi-agents sandbox --world wor", ["world.json"]],
    ["masumi-agents sandbox --port ", []],
  ])("offers after %j", (line, expected) => {
    const offered = offer(line.split(" ")).filter((word) => !word.startsWith("-") || line.includes(" --js"));
    expect(offered.toSorted()).toEqual(expected);
  });

  it.skipIf(!has(shell))("finds stacks and agents from a folder below the project", () => {
    expect(offer(["masumi-agents", "hire", "wri"], "agents")).toEqual(["writer"]);
  });

  it.skipIf(!has(shell))("runs nothing that a file's name says", () => {
    offer(["masumi-agents", "hire", ""], "agents");
    expect(ask("sh", "ls; ls agents")).not.toContain("pwned");
  });
});

it.skipIf(!has("zsh"))("zsh takes the script, and both of its functions", () => {
  const script = `autoload -U compinit; compinit -u -d ${project.path("dump")}; source ${project.path("completion.zsh")}
print $_comps[masumi-agents] $_comps[npx]; __masumi_agents_known agent | sort; __masumi_agents_words ' stack' | cut -f 1 | head -n 1`;
  expect(ask("zsh", script)).toEqual(["_masumi_agents _masumi_agents_npx", "reader", "writer", "ls"]);
});

it("knows no other shell", async () => {
  expect(await project.run("completion", "tcsh")).toMatchObject({
    exitCode: 1,
    stderr: 'There is no completion for "tcsh": choose from bash, zsh, fish.\n',
  });
});
