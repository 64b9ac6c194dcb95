import { EngineError } from "../errors.ts";
import { PIPE_FLAGS, PRELOAD_FLAGS } from "../preload/index.ts";
import { type Child, pipeTo, readLines, startChild } from "../processes.ts";
import { type EngineServices, servePipe } from "../rpc/service.ts";
import type { Project } from "../stack/project.ts";
import type { Sdk } from "../stack/sdk.ts";
import type { ConfigValue } from "../stack/stack-config.ts";

export interface ProgramOptions {
  readonly project: Project;
  readonly sdk: Sdk;
  readonly stack: string;
  readonly config: readonly ConfigValue[];
  /** What the engine does for it. */
  readonly services: EngineServices;
  readonly preview: boolean;
  readonly parallel: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: (line: string) => void;
}

/** The SDK ends with this code when it has told the user what went wrong. */
const EXIT_AFTER_LOGGED_ERROR = 32;

/** The process that runs the user's program. */
export class Program {
  readonly #child: Child;
  #stopped = false;

  private constructor(child: Child) {
    this.#child = child;
  }

  static start(options: ProgramOptions): Program {
    const { project, sdk, stack, config } = options;
    const flags = {
      monitor: options.services.pipe,
      engine: options.services.pipe,
      organization: "organization",
      project: project.name,
      "root-directory": project.root,
      stack,
      pwd: project.programDir,
      parallel: String(options.parallel),
    };
    // The entry comes last: what follows it belongs to the program.
    const args = [
      ...project.nodeArgs,
      ...PRELOAD_FLAGS,
      ...PIPE_FLAGS,
      sdk.run,
      ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
      ...(options.preview ? ["--dry-run"] : []),
      project.entry,
    ];
    const values = Object.fromEntries(config.map(({ key, value }) => [key, value]));
    const secretKeys = config.filter(({ secret }) => secret).map(({ key }) => key);
    const child = startChild(process.execPath, args, {
      cwd: project.programDir,
      env: {
        ...options.env,
        PULUMI_CONFIG: JSON.stringify(values),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys),
        PULUMI_NODEJS_TYPESCRIPT: String(project.typescript),
        ...(project.tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: project.tsconfig }),
      },
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    servePipe(pipeTo(child), options.services);
    void readLines(child.process.stdout, options.output);
    void readLines(child.process.stderr, options.output);
    return new Program(child);
  }

  /** Resolves when the program has ended: undefined = well. An error without a message was explained by the program itself. */
  async ended(): Promise<Error | undefined> {
    const code = await this.#child.exited;
    if (code === 0 || this.#stopped) return undefined;
    return code === EXIT_AFTER_LOGGED_ERROR
      ? new Error("")
      : new EngineError("PROGRAM_FAILED", `Program exited with non-zero exit code: ${code}`);
  }

  /** Ends the program at once: it has nothing to save, and left alone it would complain that the engine is gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#child.stop(0);
  }
}
