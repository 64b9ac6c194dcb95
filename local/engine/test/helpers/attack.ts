import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type RunOptions, up } from "../../index.ts";
import { Crypter } from "../../state/crypto.ts";
import { type StateFile, TestProject } from "./project.ts";

export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";
/** What the program of the fixture brings itself. */
export const OWN = 'exports.handler = () => require("../providers/thing.ts").provider';

/** The resources of the owner's program. */
export const THREE = [{ name: "a" }, { name: "b", dependsOn: ["a"] }, { name: "c" }];

export type Resource = Record<string, unknown> & {
  urn: string;
  type: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
};

/** Someone who can write the state file, and nothing else. */
export class Attack {
  readonly project: TestProject;
  readonly #before: string;
  readonly #crypter: Crypter;

  private constructor(project: TestProject, before: string, crypter: Crypter) {
    this.project = project;
    this.#before = before;
    this.#crypter = crypter;
  }

  /** A stack with a, b (which depends on a) and c, made by its owner. */
  static async prepare(): Promise<Attack> {
    const project = await TestProject.create();
    await project.want(...THREE);
    const { ok } = await up(project.options());
    if (!ok) throw new Error("the stack could not be made");
    const before = await readFile(project.stateFile, "utf8");
    const { secrets_providers: secrets } = (JSON.parse(before) as StateFile).checkpoint.latest as unknown as {
      secrets_providers: { state: { salt: string } };
    };
    return new Attack(project, before, await Crypter.open("x", secrets.state.salt));
  }

  /** The file that the attacker's code would write. */
  get prey(): string {
    return join(this.project.folder, "prey");
  }

  get code(): string {
    return `require("node:fs").writeFileSync(${JSON.stringify(this.prey)}, "caught"); ${OWN}`;
  }

  sealed(value: unknown): object {
    return { [SIGNATURE]: SECRET, ciphertext: this.#crypter.encrypt(JSON.stringify(value)) };
  }

  async write(change: (named: (name: string) => Resource, resources: Resource[]) => void): Promise<void> {
    const state = JSON.parse(this.#before) as { checkpoint: { latest: { resources: Resource[] } } };
    const { resources } = state.checkpoint.latest;
    change((name) => {
      const found = resources.find(({ urn }) => urn.endsWith(`::${name}`));
      if (found === undefined) throw new Error(`no ${name} in the state`);
      return found;
    }, resources);
    await writeFile(this.project.stateFile, JSON.stringify(state));
    await rm(this.prey, { force: true });
    await this.project.calls();
  }

  /** As a caller that trusts nothing, or only what it names. */
  options({
    trusted = [] as readonly string[],
    ...more
  }: Partial<RunOptions> & { trusted?: readonly string[] } = {}): RunOptions {
    const { trustsProvider: _all, ...options } = this.project.options(more);
    return trusted.length === 0 ? options : { ...options, trustsProvider: (text) => trusted.includes(text) };
  }
}
