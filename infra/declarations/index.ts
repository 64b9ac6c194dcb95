/** Agents as YAML: text in, typed agents or located complaints out. Uses neither Pulumi nor the network. */
export type {
  Agent,
  AgentListing,
  AgentPaymentSource,
  AgentSource,
  Confinement,
  CrewDefinition,
  EntryPoint,
  Evaluation,
  InputField,
  PriceRule,
  Pricing,
  Resources,
  WalletType,
  WhatRuns,
} from "./agent.ts";
export { DEFAULT_FOLDER, agentsFolder } from "./agents-folder.ts";
export { SECRET_NAMES, type SecretName } from "./secret-names.ts";
export {
  AGENT_TYPE,
  RUNTIME_CONFINEMENT,
  codeFolders,
  confinementOf,
  extraRights,
  fileOf,
  hostedBy,
  neededSecrets,
  processesOf,
  runsInRuntime,
} from "./agent.ts";
export { CAPABILITIES } from "./schema/container.ts";
export {
  type Asset,
  type AssetOverrides,
  type AssetTable,
  type Network,
  type Price,
  type PriceProblem,
  assetTable,
  formatPrice,
  toBaseUnits,
} from "./schema/assets.ts";
export { STANDARD_DISCLOSURE } from "./disclosure.ts";
export { READABLE as READABLE_FILES } from "./rules/crew.ts";
export { type Complaint, DeclarationError, formatComplaint, formatComplaints } from "./load/complaint.ts";
export { codeInFolder, filesInFolder, folderProblems } from "./load/build-folder.ts";
export {
  type DeclaredDocument,
  type DocumentLink,
  type StoredReference,
  MAX_DOCUMENT_BYTES,
  MAX_DOCUMENTS_BYTES,
  MAX_LARGE_DOCUMENTS_BYTES,
  isStoredReference,
  linkOf,
  maxBytesOf,
} from "./documents.ts";
export { HOSTINGS, type HostingKind, isHosting } from "../hosting/traits.ts";
export type { SourceFile } from "./load/read.ts";
export { type LoadOptions, type LoadedAgents, loadAgents, loadValidAgents } from "./load-agents.ts";
export { allowedHostings, isPipeline } from "./policy/check.ts";
export { type Policy, policySchema } from "./policy/settings.ts";
export { packagesReader, unlockedNotice } from "./packages/check.ts";
export { type FolderPackages, LOCK_FILE, LOCK_TABLE, type LockedPackage, readLock } from "./packages/lock.ts";
export { IMAGE_PYTHON } from "./packages/project-files.ts";
export { normalName, parseRequirement } from "./packages/requirement.ts";
export { type RuntimePackages, runtimePackages } from "./packages/runtime.ts";
export { agentSchemaJson } from "./schema/json-schema.ts";
export { declarationSchema } from "./schema/schema.ts";
export { ownRepository, trackedByGit } from "./load/repository.ts";
export { nearest } from "./schema/suggest.ts";
export { type X402Settings, x402Settings } from "./schema/x402.ts";
