/**
 * For one's own Pulumi program: the resources of the Masumi network, and what is made of them. The stack's settings are those of any
 * project (`masumi:paymentServiceUrl`, `masumi:apiKey`, …); what the program does not say, they do.
 *
 *   import { MasumiAgent } from "masumi-agents";
 */
export { CrewImage, type CrewImageArgs } from "./crew-image.ts";
export { type AgentListing, MasumiAgent, type MasumiAgentArgs, type PaymentSource } from "./masumi-agent.ts";
export {
  AgentConfirmation,
  type AgentConfirmationArgs,
  AgentRegistration,
  type AgentRegistrationArgs,
  type ListingArgs,
} from "../providers/masumi/index.ts";
export { AgentRecord, type AgentRecordArgs } from "../providers/records/index.ts";
export { marker } from "../providers/masumi/service/index.ts";
export type { Listing, Network, Price, Pricing, Wallet } from "../providers/masumi/service/index.ts";
