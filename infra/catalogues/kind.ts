import type { z } from "zod";
import type { Agent } from "../declarations/index.ts";

/** What a catalogue is told of an agent. */
export interface Catalogued extends Pick<
  Agent,
  "id" | "name" | "tags" | "capability" | "author" | "legal" | "user"
> {
  /** What it does, and what it discloses of being an AI. */
  readonly description: string;
  /** What it discloses of being an AI; absent for an agent outside the crew runtime, which says so itself. */
  readonly disclosure?: string;
  /** Whether it says that it can be paid by x402 as well. */
  readonly takesX402: boolean;
  readonly url: string;
  /** Its agent card (A2A 1.0); absent for an agent outside the crew runtime, of which it is not known whether it has one. */
  readonly cardUrl?: string;
  /** Its OpenAPI document; absent likewise. */
  readonly openApiUrl?: string;
  readonly network: "Preprod" | "Mainnet";
  readonly stack: string;
  /** On the Masumi network; absent for what a resource is made of, which is not to change with each update of the registration. */
  readonly agentIdentifier?: string;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * A catalogue beside the Masumi network, in which agents are listed as they are declared. `Settings` is what masumi:catalogues says of
 * it. catalogues.ts has a row for each. Loads no Pulumi.
 */
export interface Catalogue<Schema extends z.ZodType = z.ZodType> {
  /** Of masumi:catalogues.<name>; the catalogue is used where there is such a map, even an empty one. */
  readonly settings: Schema;
  /** Returns the agent's entry, in the catalogue's own spelling. */
  entry(agent: Catalogued, settings: z.output<Schema>): Json;
  /**
   * The module that makes a resource of an entry, as a path below infra/deploy/catalogues without its extension. It exports `publish`, a
   * Publisher. Absent where entries are only in the stack's output.
   */
  readonly module?: string;
  /** The packages that this module loads; absent if none. */
  readonly packages?: readonly string[];
}
