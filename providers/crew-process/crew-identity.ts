import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import {
  type AgentIdentity,
  identityFileContent,
  identityIn,
  isSameIdentity,
} from "../common/agent-identity.ts";
import { writeAtomicallySync } from "../common/atomic-write.ts";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { CrewProcessError } from "./local/errors.ts";
import { crewHome, identityFile, isOwnProject } from "./local/index.ts";

export interface CrewIdentityArgs extends AgentIdentity<pulumi.Input<string>, pulumi.Input<"V1" | "V2">> {
  /** The crew's identity.json, absolute. */
  readonly file: string;
}

interface Inputs extends AgentIdentity {
  readonly file: string;
}

/**
 * Returns whether a file is the identity of a crew of this project, which is the one whose program runs. A state may come from
 * another clone, or from somebody who can write states but not files.
 */
function isOwnIdentity(file: string): boolean {
  const home = dirname(file);
  const own = resolve(home, "../..");
  const isApart = basename(dirname(own)) === "stacks";
  const [root, stack] = isApart ? [resolve(own, "../../.."), basename(own)] : [dirname(own), undefined];
  return file === identityFile(crewHome(root, basename(home), stack)) && isOwnProject(root);
}

function write({ file, ...identity }: Inputs, draining: boolean): void {
  if (!isOwnIdentity(file)) {
    throw new CrewProcessError(
      "IDENTITY_ELSEWHERE",
      `${file} is not where a crew of this project keeps its identifier, so it was not written.`,
      "Run up in the project's own folder; if the state was copied from another clone, run refresh first.",
    );
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeAtomicallySync(file, identityFileContent(identity, draining));
}

/** The dynamic provider behind CrewIdentity. */
export const provider = {
  async diff(_id: string, olds: Inputs, news: Inputs) {
    const replaces = olds.file === news.file ? [] : ["file"];
    return { changes: replaces.length > 0 || !isSameIdentity(olds, news), replaces };
  },

  async create(inputs: Inputs) {
    write(inputs, false);
    return { id: inputs.file, outs: inputs };
  },

  async update(_id: string, _olds: Inputs, news: Inputs) {
    write(news, false);
    return { outs: news };
  },

  async read(id: string, { file }: Inputs) {
    if (!isOwnIdentity(file) || !existsSync(file)) return {};
    return { id, props: { file, ...identityIn(readFileSync(file)) } };
  },

  /** Makes the crew take no new jobs; the registration is removed after this. Another clone's crew is left alone. */
  async delete(_id: string, props: Inputs) {
    if (isOwnIdentity(props.file) && existsSync(props.file)) write(props, true);
  },
};

/**
 * Tells a local crew its identity, once the registration is confirmed and whenever it changes, in a file that the crew
 * reloads. Removing it marks the crew as draining. Changing `file` replaces it, changing the identity updates it.
 */
export class CrewIdentity extends pulumi.CustomResource {
  constructor(name: string, args: CrewIdentityArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:CrewIdentity",
      name,
      {
        ...args,
        __provider: PROVIDER_TEXTS.CrewIdentity,
      },
      options,
    );
  }
}
