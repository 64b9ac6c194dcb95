/** The examples in other languages, each a project of its own, on the real Pulumi CLI. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type PulumiCli, environmentOf } from "../../stacks/pulumi/pulumi-cli.ts";
import { repository } from "../helpers/project.ts";

const run = promisify(execFile);
type Environment = Readonly<Record<string, string | undefined>>;

/** The sandbox's wallet of V1, which needs no address of a payment source. */
const WALLET = "0b1e2d3bc6a6de6dbd74fcc3ada4ad91343960ea3e68387d182b01db";
export const API_KEY = "sandbox-pay-key";

const LANGUAGES = {
  yaml: {
    example: "pulumi-yaml",
    wallet: `  pulumi-yaml:walletVkey: ${WALLET}\n  pulumi-yaml:walletType: V1`,
  },
  python: { example: "python", wallet: `  python:wallet: { vkey: ${WALLET}, type: V1 }` },
} as const;

export type Language = keyof typeof LANGUAGES;

/** Whether the CLI can run programs in a language here; says so if it cannot. */
export function canRun(language: Language, cli: PulumiCli | undefined, env: Environment): boolean {
  const host = `pulumi-language-${language}`;
  const folders = cli ? (environmentOf(cli, env)["PATH"] ?? "").split(delimiter) : [];
  if (folders.some((folder) => existsSync(join(folder, host)))) return true;
  console.warn(
    `LEFT OUT: the example in ${language} does not run, as there is no ${cli ? host : "pulumi"} on PATH.`,
  );
  return false;
}

export interface Places {
  readonly folder: string;
  /** The folder of packages that has masumi-agents. */
  readonly nodeModules: string;
  readonly sandbox: string;
  readonly agent: string;
}

/** An example as a user has it who has installed the package beside it. */
export class OtherProgram {
  readonly #folder: string;
  readonly #cli: PulumiCli;
  readonly #env: Environment;
  readonly #example: string;

  constructor(language: Language, cli: PulumiCli, env: Environment, places: Places) {
    const { example, wallet } = LANGUAGES[language];
    this.#example = example;
    this.#cli = cli;
    this.#folder = join(places.folder, example);
    cpSync(join(repository, "examples", example), this.#folder, { recursive: true });
    symlinkSync(places.nodeModules, join(this.#folder, "node_modules"));
    this.#env = {
      ...environmentOf(cli, env),
      PULUMI_BACKEND_URL: `file://${places.folder}`,
      PULUMI_CONFIG_PASSPHRASE: "of a test",
      PULUMI_HOME: join(places.folder, "pulumi-home"),
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    writeFileSync(
      join(this.#folder, "Pulumi.dev.yaml"),
      `config:
  masumi:network: Preprod
  masumi:owner: in-${language}
  masumi:paymentServiceUrl: ${places.sandbox}/api/v1
  masumi:allowPrivateUrls: "true"
  ${example}:url: ${places.agent}/${example}
${wallet}
`,
    );
  }

  /** Runs a command of the CLI, and returns what it says. */
  async pulumi(...words: readonly string[]): Promise<string> {
    const options = { cwd: this.#folder, env: this.#env, maxBuffer: 1e8 };
    return (await run(this.#cli.file, [...words, "--non-interactive"], options)).stdout;
  }

  async makeStack(): Promise<void> {
    await this.pulumi("install");
    await this.pulumi("stack", "init", "dev");
    await this.pulumi("config", "set", "--secret", "masumi:apiKey", API_KEY);
  }

  state(): string {
    return readFileSync(join(this.#folder, "..", ".pulumi/stacks", this.#example, "dev.json"), "utf8");
  }
}
