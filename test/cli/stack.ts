import { stringify } from "yaml";
import { vi } from "vitest";
import { openProject, type Project } from "../../stacks/project.ts";
import { MasumiClient, type Row, readRows } from "../../providers/masumi/service/index.ts";
import { OWNER, agentYaml, declare, register } from "../infra/fleet/stack.ts";
import { type CliResult, TestProject } from "../helpers/project.ts";
import { V1, V2 } from "../providers/masumi/inputs.ts";
import { type Service, startService } from "../providers/masumi/service.ts";

/** A project whose stack `preprod` is at a payment service of the test's own. Its commands run in this process. */
export class CliStack implements AsyncDisposable {
  readonly project = new TestProject();
  readonly service: Service;

  private constructor(service: Service) {
    this.service = service;
  }

  static async start(
    settings: Record<string, unknown> = {},
    options?: Parameters<typeof startService>[0],
  ): Promise<CliStack> {
    const stack = new CliStack(await startService(options));
    stack.configure(settings);
    return stack;
  }

  /** Writes Pulumi.preprod.yaml: the sandbox's wallets and what the test sets; undefined leaves a setting out. */
  configure(settings: Record<string, unknown>): void {
    const all = {
      network: "Preprod",
      paymentServiceUrl: this.service.url,
      owner: OWNER,
      wallets: [V2, V1],
      modelApi: "http://127.0.0.1:1/v1",
      apiKey: { secure: "v1:only-pulumi-can-read:this" },
      ...settings,
    };
    const known = Object.entries(all).filter(([, value]) => value !== undefined);
    const config = Object.fromEntries(known.map(([key, value]) => [`masumi:${key}`, value]));
    this.project.write("Pulumi.preprod.yaml", stringify({ config }));
  }

  /** Writes agents/<id>.yaml: plain agents that run elsewhere, with what differs. */
  declare(agents: Record<string, Record<string, unknown>>): void {
    for (const [id, fields] of Object.entries(agents)) {
      this.project.write(`agents/${id}.yaml`, agentYaml(id, fields));
    }
  }

  /** Registers plain agents with what differs, as `owner` or, without one, without any mark; id -> row. */
  async register(
    agents: Record<string, Record<string, unknown>>,
    owner?: string,
  ): Promise<Record<string, Row>> {
    const { url } = this.service;
    const client = new MasumiClient({ url, token: "sandbox-read-key" });
    const rows: Record<string, Row> = {};
    for (const agent of declare(agents)) {
      const { id } = await register(url, agent, owner);
      if (owner === undefined) await this.service.patch(id, { Tags: agent.tags });
      const listed = await readRows(client, { network: "Preprod" });
      const row = listed.find((one) => one.id === id);
      if (row) rows[agent.id] = row;
    }
    return rows;
  }

  /** What a command prints and answers, with a Read key in the environment unless `env` says otherwise. */
  async run(
    command: (project: Project) => number | Promise<number>,
    env: Record<string, string | undefined> = {},
  ): Promise<CliResult> {
    const written = { stdout: "", stderr: "" };
    const all = {
      MASUMI_API_KEY: "sandbox-read-key",
      FORCE_COLOR: undefined,
      PULUMI_PARALLEL: undefined,
      ...env,
    };
    for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);
    const spies = (["stdout", "stderr"] as const).map((stream) =>
      vi.spyOn(process[stream], "write").mockImplementation((text) => {
        written[stream] += String(text);
        return true;
      }),
    );
    try {
      const exitCode = await command(openProject(this.project.root));
      return { exitCode, ...written };
    } finally {
      for (const spy of spies) spy.mockRestore();
      vi.unstubAllEnvs();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.project.dispose();
    await this.service[Symbol.asyncDispose]();
  }
}

/** No control of a terminal but the end of a line. */
export const PLAIN = /^[^\p{Cc}]*(\n[^\p{Cc}]*)*$/u;
