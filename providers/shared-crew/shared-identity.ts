import * as pulumi from "@pulumi/pulumi";
import {
  type AgentIdentity,
  identityFileContent,
  identityIn,
  isSameIdentity,
} from "../common/agent-identity.ts";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { DECLARATION, IDENTITY, type Place } from "./store/agent-store.ts";
import { openStore } from "./store/open.ts";

export interface SharedIdentityArgs extends AgentIdentity<pulumi.Input<string>, pulumi.Input<"V1" | "V2">> {
  readonly agentId: string;
  /** Where the service reads its agents. Another one replaces. */
  readonly place: pulumi.Input<Place>;
}

interface Inputs extends AgentIdentity {
  readonly agentId: string;
  readonly place: Place;
}

const write = ({ agentId, place, ...identity }: Inputs, draining: boolean): Promise<void> =>
  openStore(place, agentId).write([{ path: IDENTITY, content: identityFileContent(identity, draining) }]);

/** Returns whether an identity is gone from this machine; elsewhere a refresh tells. */
const isLost = async ({ place, agentId }: Inputs): Promise<boolean> =>
  place.kind === "folder" && (await openStore(place, agentId).read(IDENTITY)) === undefined;

/** The dynamic provider behind SharedIdentity. */
export const provider = {
  async diff(_id: string, olds: Inputs, news: Inputs) {
    const isMoved = JSON.stringify(olds.place) !== JSON.stringify(news.place);
    return {
      changes: isMoved || !isSameIdentity(olds, news) || (await isLost(olds)),
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

  async read(id: string, { agentId, place }: Inputs) {
    const found = await openStore(place, agentId).read(IDENTITY);
    if (!found) return {};
    return { id, props: { agentId, place, ...identityIn(found) } };
  },

  /** Makes the agent take no new jobs; its registration is removed after this. One that is gone takes none. */
  async delete(_id: string, props: Inputs) {
    if (await openStore(props.place, props.agentId).read(DECLARATION)) await write(props, true);
  },
};

/**
 * Tells an agent of a shared crew service its identity, once the registration is confirmed and whenever it changes. Removing it
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
