import type { DocumentsSettings } from "./documents-settings.ts";
import { type HostingKind, type HostingsConfig, TRAITS, placeTraits } from "./traits.ts";

/** The part of a stack's configuration that hostings depend on. */
export interface HostingSettings extends HostingsConfig {
  readonly hasModelApi: boolean;
  readonly documents?: DocumentsSettings | undefined;
  readonly hasDocumentsKey: boolean;
}

/** Returns what a stack's configuration lacks for a hosting, each with its remedy. */
export function hostingProblems(kind: HostingKind, settings: HostingSettings): string[] {
  const traits = TRAITS[kind];
  const problems: string[] = [];
  if (!settings.hasModelApi) {
    problems.push(
      "masumi:modelApi is missing: crews need an OpenAI-compatible model API, for example https://api.openai.com/v1",
    );
  }
  if (!placeTraits(kind, settings).readsLocalFiles && settings.documents) {
    problems.push(...documentsProblems(kind, settings, settings.documents));
  }
  return [...problems, ...traits.settingsProblems(settings)];
}

function documentsProblems(
  kind: HostingKind,
  settings: HostingSettings,
  documents: DocumentsSettings,
): string[] {
  const { hasDocumentsKey, aws } = settings;
  const problems: string[] = [];
  if (!documents.region && !aws.region) {
    problems.push("masumi:documents.region is missing: set the bucket's region, for example eu-central-1");
  }
  if (placeTraits(kind, settings).needsDocumentsKey(documents) && !hasDocumentsKey) {
    problems.push(
      "masumi:documentsKey is missing: containers read the bucket with a separate read-only key. Set it with " +
        "npx masumi-agents config set --secret masumi:documentsKey <access key id>:<secret access key>",
    );
  }
  return problems;
}
