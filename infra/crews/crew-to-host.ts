import type { Wallet } from "../config.ts";
import type { Agent } from "../declarations/index.ts";

/** An agent to host, and the wallet that it is registered with. */
export interface CrewToHost {
  readonly agent: Agent;
  /** The selling wallet: buyers pay to it. */
  readonly wallet: Pick<Wallet, "vkey" | "type">;
}
