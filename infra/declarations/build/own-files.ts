import { readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { type Complaint, complaintAt } from "../load/complaint.ts";
import { codeInFolder } from "../load/build-folder.ts";
import { placeOf } from "./python-source.ts";

/** A problem of one of a folder's files, at an offset of its text. */
export type ReportIn = (path: string, offset: number, message: string, remedy: string) => void;

/** The files of a folder that `build:` names. Paths within it have forward slashes. */
export class OwnFiles {
  /** Relative to the project's root. */
  readonly folder: string;
  readonly #root: string;
  readonly #paths: ReadonlySet<string>;
  readonly #texts = new Map<string, string>();

  constructor(projectRoot: string, folder: string) {
    this.folder = posix.normalize(folder.split(sep).join("/")).replace(/\/$/, "");
    this.#root = join(projectRoot, folder);
    this.#paths = new Set(codeInFolder(this.#root));
  }

  /** The files that a clone of the repository has. */
  get paths(): readonly string[] {
    return [...this.#paths];
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /** Returns a file's text, without a byte order mark; "" if it cannot be read, which is complained of elsewhere. */
  text(path: string): string {
    const known = this.#texts.get(path) ?? readText(join(this.#root, path));
    this.#texts.set(path, known);
    return known;
  }

  /** Returns how a file is called in complaints: relative to the project's root. */
  shown(path: string): string {
    return posix.join(this.folder, path);
  }

  /** Returns a function that adds complaints about these files. */
  reportTo(complaints: Complaint[]): ReportIn {
    return (path, offset, message, remedy) => {
      const place = { file: this.shown(path), ...placeOf(this.text(path), offset) };
      complaints.push(complaintAt(place, message, remedy));
    };
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/^\u{FEFF}/u, "");
  } catch {
    return "";
  }
}
