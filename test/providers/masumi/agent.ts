import { afterAll } from "vitest";
import type { RegistrationInputs, RegistrationOutputs } from "../../../providers/masumi/resources/inputs.ts";
import { confirmationOf, inputsOf } from "./inputs.ts";
import { type RunOptions, startRun } from "./run.ts";
import { startAgent } from "./servers.ts";
import type { Service } from "./service.ts";

/** The agent of all registrations of a test file; it answers. */
export const agent = await startAgent();
afterAll(() => agent[Symbol.asyncDispose]());

/** Inputs of an agent that answers. */
export const answering = (changes: Parameters<typeof inputsOf>[0] = {}): RegistrationInputs =>
  inputsOf({ ...changes, listing: { apiBaseUrl: agent.url, ...changes.listing } });

/** Inputs of one of several agents. */
export const numbered = (index: number, changes: Parameters<typeof inputsOf>[0] = {}) =>
  answering({
    ...changes,
    agentId: `agent-${index}`,
    listing: { name: `Agent ${index}`, ...changes.listing },
  });

export interface Registered {
  readonly id: string;
  readonly outs: RegistrationOutputs;
  readonly inputs: RegistrationInputs;
  readonly agentIdentifier: string;
}

/** A confirmed registration, made by an earlier run. */
export async function registered(
  service: Service,
  inputs = answering(),
  options: RunOptions = {},
): Promise<Registered> {
  const run = startRun(service.url, options);
  const { id, outs } = await run.create((await run.check(inputs)).inputs);
  const { agentIdentifier } = await run.confirm(confirmationOf(id, inputs));
  return { id, outs, inputs, agentIdentifier };
}

const count = async (service: Service, route: string) => (await service.requests())[route] ?? 0;
export const posts = (service: Service) => count(service, "POST /registry");
export const burns = (service: Service) => count(service, "POST /registry/deregister");
export const states = async (service: Service) => (await service.rows()).map(({ state }) => state);
/** Rows that have, or may get, something on the chain. */
export const live = async (service: Service) =>
  (await service.rows()).filter(
    ({ state }) => !["RegistrationFailed", "DeregistrationConfirmed"].includes(state),
  );
