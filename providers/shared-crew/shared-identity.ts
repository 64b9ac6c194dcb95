import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { DECLARATION, IDENTITY, type Place } from "./store/agent-store.ts";
import { openStore } from "./store/open.ts";

export interface SharedIdentityArgs {
  readonly agentId: string;
  /** Where the service reads its agents. Another one replaces. */
  readonly place: pulumi.Input<Place>;
  /** The agent's identifier on the network; it changes with every update of a V2 registration. */
  readonly agentIdentifier: pulumi.Input<string>;
}

interface Inputs {
  readonly agentId: string;
  readonly place: Place;
  readonly agentIdentifier: string;
}

const write = ({ agentId, place, agentIdentifier }: Inputs, draining: boolean): Promise<void> => {
  const content = Buffer.from(`${JSON.stringify({ agentIdentifier, draining })}\n`);
  return openStore(place, agentId).write([{ path: IDENTITY, content }]);
};

/** Returns whether an identity is gone from this machine; elsewhere a refresh tells. */
const isLost = async ({ place, agentId }: Inputs): Promise<boolean> =>
  place.kind === "folder" && (await openStore(place, agentId).read(IDENTITY)) === undefined;

/** The dynamic provider behind SharedIdentity. */
export const provider = {
  async diff(_id: string, olds: Inputs, news: Inputs) {
    const isMoved = JSON.stringify(olds.place) !== JSON.stringify(news.place);
    return {
      changes: isMoved || olds.agentIdentifier !== news.agentIdentifier || (await isLost(olds)),
      replaces: isMoved ? ["place"] : [],
    };
  },

  async create(inputs: Inputs) {
    await write(inputs, false);
    return { id: inputs.agentId, outs: inputs };
  },

  async update(_id: string, _olds: Inputs, news: Inputs) {
    await write(news, false);
    return { outs: news };
  },

  async read(id: string, props: Inputs) {
    const found = await openStore(props.place, props.agentId).read(IDENTITY);
    if (!found) return {};
    const { agentIdentifier = "" } = JSON.parse(found.toString()) as { agentIdentifier?: string };
    return { id, props: { ...props, agentIdentifier } };
  },

  /** Makes the agent take no new jobs; its registration is removed after this. One that is gone takes none. */
  async delete(_id: string, props: Inputs) {
    if (await openStore(props.place, props.agentId).read(DECLARATION)) await write(props, true);
  },
};

/**
 * Tells an agent of a shared crew service its identifier, once the registration is confirmed and whenever it changes. Removing it
 * marks the agent as draining.
 */
export class SharedIdentity extends pulumi.CustomResource {
  constructor(name: string, args: SharedIdentityArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:SharedIdentity",
      name,
      { ...args, __provider: PROVIDER_TEXTS.SharedIdentity },
      options,
    );
  }
}
