import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXTS } from "../provider-texts.ts";

export interface CrewDrainArgs {
  /** The agent's URL. */
  readonly url: pulumi.Input<string>;
  /** Makes the drain depend on the registration, so it is removed first. */
  readonly agentIdentifier: pulumi.Input<string>;
}

interface Inputs {
  readonly url: string;
  readonly agentIdentifier: string;
}

/** The runtime checks its identifier every 30 seconds; this leaves time for slow answers or a second task. */
const LONGEST_MS = 90_000;
const PAUSE_MS = 2000;
const REQUEST_MS = 10_000;

/** An answer that is late or was cut off, as opposed to nobody being there. */
const SILENCE = /^(TimeoutError|ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN|UND_ERR_.*)$/;

/** Returns whether an agent may take jobs. One that answers anything else takes none; one that is silent may only be busy. */
async function mayTakeJobs(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/availability`, { signal: AbortSignal.timeout(REQUEST_MS) });
    const text = await answer.text();
    return answer.ok && statusIn(text) === "available";
  } catch (error) {
    const { name, cause } = error as Error;
    const { code } = (cause ?? {}) as { code?: unknown };
    return SILENCE.test(typeof code === "string" ? code : name);
  }
}

function statusIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { status?: unknown } | null)?.status;
  } catch {
    return undefined;
  }
}

/** The dynamic provider behind CrewDrain. */
export const provider = {
  async diff(_id: string, olds: Inputs, news: Inputs) {
    return { changes: olds.url !== news.url || olds.agentIdentifier !== news.agentIdentifier, replaces: [] };
  },

  async create(inputs: Inputs) {
    return { id: "drain", outs: inputs };
  },

  async update(_id: string, _olds: Inputs, news: Inputs) {
    return { outs: news };
  },

  /**
   * Waits until the crew takes no more jobs. An author's own crew may never report that: then the removal continues after 90
   * seconds, and open payments still protect the registration.
   */
  async delete(_id: string, { url }: Inputs) {
    const end = Date.now() + LONGEST_MS;
    while (Date.now() < end && (await mayTakeJobs(url))) await sleep(PAUSE_MS);
  },
};

/**
 * Stands between an agent's identifier and its registration when both are removed: the registration is removed, and its open
 * payments checked, only after the crew has stopped taking jobs.
 */
export class CrewDrain extends pulumi.CustomResource {
  constructor(name: string, args: CrewDrainArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:CrewDrain",
      name,
      {
        ...args,
        __provider: PROVIDER_TEXTS.CrewDrain,
      },
      options,
    );
  }
}
