import { join, resolve } from "node:path";
import { authorSettings } from "../../infra/config.ts";
import { CodedError } from "../../providers/common/coded-error.ts";
import type { Settings } from "../settings.ts";
import { bucketStore } from "./bucket.ts";
import { folderStore } from "./folder.ts";
import type { DocumentStore } from "./store.ts";

/** Where customers' documents are kept, as masumi:documents of the stacks that read them says it. */
export type DocumentsPlace =
  NonNullable<Settings["PORTAL_DOCUMENTS"]> | { readonly folder: string; readonly endpoint?: never };

type DocumentsErrorCode = "PORTAL_DOCUMENTS_ELSEWHERE";

interface Elsewhere {
  readonly stack: string;
  readonly theirs: string;
}

/** Runs would look for documents where the portal does not put them, and would fail for every agent of the fleet. */
export class DocumentsElsewhereError extends CodedError<DocumentsErrorCode> {
  constructor(elsewhere: readonly Elsewhere[], ours: string) {
    const said = elsewhere.map(({ stack, theirs }) => `masumi:documents of ${stack} is ${theirs}`);
    const files = elsewhere.map(({ stack }) => `Pulumi.${stack}.yaml`);
    super(
      "PORTAL_DOCUMENTS_ELSEWHERE",
      `the portal keeps documents in ${ours}, but ${said.join("; ")}.`,
      `Set PORTAL_DOCUMENTS to what masumi:documents says, or have ${files.join(", ")} say the same as PORTAL_DOCUMENTS, push that, and start again.`,
    );
  }
}

/** @param folder what the portal keeps on this machine */
export const documentsPlace = ({ PORTAL_DOCUMENTS }: Settings, folder: string): DocumentsPlace =>
  PORTAL_DOCUMENTS ?? { folder: join(folder, "documents") };

export const openDocuments = (place: DocumentsPlace, folder: string): DocumentStore =>
  "folder" in place ? folderStore(place.folder) : bucketStore(place, join(folder, "incoming"));

/**
 * Compares with where the runs of stacks look. A stack that names no place takes no agents with documents, which is said of each form.
 *
 * @param stacks the plain settings of each, by its name
 * @throws DocumentsElsewhereError naming all that look elsewhere; ConfigurationError where the settings cannot be read
 */
export function checkDocuments(
  stacks: ReadonlyMap<string, Readonly<Record<string, string>>>,
  place: DocumentsPlace,
): void {
  const ours = inWords(place);
  const elsewhere = [...stacks].flatMap(([stack, settings]): Elsewhere[] => {
    const found = placeOf(stack, settings, place);
    if (found === undefined && "folder" in place) return [];
    const theirs = found === undefined ? "missing" : inWords(found);
    return theirs === ours ? [] : [{ stack, theirs }];
  });
  if (elsewhere.length > 0) throw new DocumentsElsewhereError(elsewhere, ours);
}

/** Returns a stack's place; undefined if it names none. A region that the environment of its runs decides is taken for the right one. */
function placeOf(
  stack: string,
  settings: Readonly<Record<string, string>>,
  place: DocumentsPlace,
): DocumentsPlace | undefined {
  const { documents, documentsFolder } = authorSettings(stack, settings);
  if (documentsFolder !== undefined) return { folder: resolve(documentsFolder) };
  if (documents === undefined) return undefined;
  const region = documents.region ?? settings["aws:region"] ?? ("region" in place ? place.region : "");
  return { ...documents, region };
}

/** What tells two places apart, always in the same order. */
function inWords(place: DocumentsPlace): string {
  if ("folder" in place) return JSON.stringify({ folder: place.folder });
  const { bucket, region, endpoint, prefix } = place;
  return JSON.stringify({ bucket, region, endpoint, prefix });
}
