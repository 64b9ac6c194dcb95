/* Read before anything is installed: nothing that this loads may lead to a package. */
import type { Project } from "../../stacks/project.ts";

/** An option as commander writes it. */
export interface Option {
  readonly flags: string;
  readonly description: string;
  readonly value?: string;
  /** It may be given several times. */
  readonly isRepeated?: boolean;
  /** Pulumi has it too, and gets it where a command is passed to Pulumi. */
  readonly isPulumis?: boolean;
}

/** A command as it is written: its words, options and examples, and what it does. */
export interface CommandSpec {
  readonly name: string;
  /** Pulumi's other names of it. */
  readonly aliases?: readonly string[];
  readonly description: string;
  /** One called `stack` names the stack, as --stack does. */
  readonly arguments?: readonly (readonly [name: string, description?: string])[];
  readonly options?: readonly Option[];
  /** Said after the options. */
  readonly notes?: readonly string[];
  /** Without the program's own name, which comes behind environment variables. */
  readonly examples?: readonly string[];
  /** It works anywhere; \`run\` then gets a project only if there is one. */
  readonly needsNoProject?: boolean;
  /** It is not listed by --help, nor completed. */
  readonly isHidden?: boolean;
  /**
   * Does it, and returns the exit code. A flag that a command above has too may stand before or after this one's name.
   * What is done is in a file of its own, loaded only when it is called: `validate` must not wait for the engine.
   */
  readonly run?: (project: Project, flags: never, ...words: never[]) => number | Promise<number>;
  /** Does what needs no project: it gets the words, then the flags. */
  readonly runAnywhere?: (...words: never[]) => number | Promise<number>;
  /**
   * Does it for any stack but local, with the command's words as Pulumi gets them: whatever this table does not know of them is among
   * them as it was typed. Without this, the command knows all its options, and `run` serves every stack.
   */
  readonly pass?: (project: Project, flags: never, words: readonly string[]) => number | Promise<number>;
  /** Commands below this one. */
  readonly commands?: readonly CommandSpec[];
}

/** Return an option. */
export const option = (flags: string, description: string, value?: string): Option => ({
  flags,
  description,
  ...(value === undefined ? {} : { value }),
});

/** Return an option that may be given several times. */
export const repeated = (flags: string, description: string): Option => ({
  flags,
  description,
  isRepeated: true,
});

/** Return an option that Pulumi has too. */
export const pulumis = (own: Option): Option => ({ ...own, isPulumis: true });

/** Return the option that names the stack. */
export const onStack = (description = "the stack"): Option =>
  pulumis(option("-s, --stack <stack>", `${description} (default: the selected one, else local)`));

export const asJson = (description: string): Option => pulumis(option("--json", description));

/** Return Pulumi's way to say that nobody is to be asked; the local stack asks only where it destroys. */
export const asksNobody = (description = "ask nothing"): readonly Option[] => [
  pulumis(option("-y, --yes", description)),
  pulumis(option("--non-interactive", "for scripts: plain lines, no question")),
];
