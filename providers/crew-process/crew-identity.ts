import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { writeAtomicallySync } from "../common/atomic-write.ts";

export interface CrewIdentityArgs {
  /** The crew's identity.json, absolute. */
  readonly file: string;
  /** The agent's identifier on the network; it changes with every update of a V2 registration. */
  readonly agentIdentifier: pulumi.Input<string>;
}

interface Inputs {
  readonly file: string;
  readonly agentIdentifier: string;
}

function write({ file, agentIdentifier }: Inputs, draining: boolean): void {
  mkdirSync(dirname(file), { recursive: true });
  writeAtomicallySync(file, `${JSON.stringify({ agentIdentifier, draining })}\n`);
}

/** The dynamic provider behind CrewIdentity. */
export const provider = {
  async diff(_id: string, olds: Inputs, news: Inputs) {
    const replaces = olds.file === news.file ? [] : ["file"];
    return { changes: replaces.length > 0 || olds.agentIdentifier !== news.agentIdentifier, replaces };
  },

  async create(inputs: Inputs) {
    write(inputs, false);
    return { id: inputs.file, outs: inputs };
  },

  async update(_id: string, _olds: Inputs, news: Inputs) {
    write(news, false);
    return { outs: news };
  },

  async read(id: string, props: Inputs) {
    if (!existsSync(props.file)) return {};
    const found = JSON.parse(readFileSync(props.file, "utf8")) as { agentIdentifier?: string };
    return { id, props: { ...props, agentIdentifier: found.agentIdentifier ?? "" } };
  },

  /** Makes the crew take no new jobs; the registration is removed after this. */
  async delete(_id: string, props: Inputs) {
    if (existsSync(props.file)) write(props, true);
  },
};

/**
 * Tells a local crew its identifier, once the registration is confirmed and whenever it changes, in a file that the crew
 * reloads. Removing it marks the crew as draining. Changing `file` replaces it, changing the identifier updates it.
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
