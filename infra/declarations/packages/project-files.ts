import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { satisfies } from "@renovatebot/pep440";
import { TomlError, parse } from "smol-toml";
import { z } from "zod";
import { type Complaint, complaintAt } from "../load/complaint.ts";
import { type Requirement, parseRequirement } from "./requirement.ts";

/** A requirement, and where its author wrote it. */
export interface PlacedRequirement extends Requirement {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ProjectFiles {
  readonly requirements: readonly PlacedRequirement[];
  /** What cannot be read, or would have no effect. */
  readonly complaints: readonly Complaint[];
}

/** The Python of the runtime's image (crew/Dockerfile). */
export const IMAGE_PYTHON = "3.12";

const FROM_THE_INDEX = "name a package of the index and its versions, such as httpx>=0.28,<1";

/**
 * Reads what a folder's code requires: from pyproject.toml if that has `[project] dependencies`, else from requirements.txt.
 *
 * @param folder relative to the project's root
 * @param files its files, relative to it
 */
export function readProjectFiles(
  projectRoot: string,
  folder: string,
  files: readonly string[],
): ProjectFiles {
  const open = (name: string): OpenFile | undefined =>
    files.includes(name)
      ? {
          file: posix.join(folder, name),
          text: readFileSync(join(projectRoot, folder, name), "utf8"),
        }
      : undefined;
  const [project, list] = [open("pyproject.toml"), open("requirements.txt")];
  return (
    (project && fromPyproject(project)) ?? (list ? fromList(list) : { requirements: [], complaints: [] })
  );
}

interface OpenFile {
  /** Relative to the project's root. */
  readonly file: string;
  readonly text: string;
}

const pyprojectSchema = z.object({
  project: z
    .object({ dependencies: z.array(z.string()).optional(), "requires-python": z.string().optional() })
    .optional(),
  tool: z
    .object({
      poetry: z.object({ dependencies: z.record(z.string(), z.unknown()).optional() }).optional(),
      uv: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
});

/** Keys of [tool.uv] that would lead to other packages than those of the index by their names. */
const UV_KEYS = ["sources", "index", "override-dependencies", "constraint-dependencies"];

/** Returns undefined if the file leaves the dependencies to others. */
function fromPyproject(open: OpenFile): ProjectFiles | undefined {
  const { file, text } = open;
  let found: z.infer<typeof pyprojectSchema>;
  try {
    found = pyprojectSchema.parse(parse(text));
  } catch (error) {
    return { requirements: [], complaints: [unreadable(file, error)] };
  }
  const { project, tool } = found;
  const complaints = UV_KEYS.filter((key) => tool?.uv && key in tool.uv).map((key) =>
    complaintAt(
      placeOf(open, key),
      `[tool.uv] ${key} is not read: packages are taken from the index, by name and version`,
      "remove it, and state versions in [project] dependencies",
    ),
  );
  if (tool?.poetry?.dependencies && !project?.dependencies) {
    const place = placeOf(open, "[tool.poetry.dependencies]");
    const remedy = "declare them in [project] dependencies, which Poetry reads too";
    return {
      requirements: [],
      complaints: [complaintAt(place, "Poetry's own dependencies are not read", remedy)],
    };
  }
  const python = project?.["requires-python"];
  if (python !== undefined && !satisfies(`${IMAGE_PYTHON}.99`, python)) {
    const message = `the project asks for Python ${python}, and crews run on Python ${IMAGE_PYTHON}`;
    complaints.push(complaintAt(placeOf(open, python), message, "widen requires-python"));
  }
  if (!project?.dependencies) return complaints.length > 0 ? { requirements: [], complaints } : undefined;
  const read = project.dependencies.map((written) => placed(written, placeOf(open, written)));
  return together(read, complaints);
}

/** The options of a requirements file that say nothing about which packages are meant. */
const WITHOUT_EFFECT = /^--(?:require-hashes|no-binary|only-binary|prefer-binary)\b/;

function fromList({ file, text }: OpenFile): ProjectFiles {
  const read: (PlacedRequirement | Complaint)[] = [];
  // A line that ends in a backslash goes on; the place is that of its first line.
  const lines = text.replaceAll(/\\\r?\n/g, (end) => " ".repeat(end.length - 1) + "\u2028").split(/\r?\n/);
  let line = 1;
  for (const whole of lines) {
    const entry = whole
      .replaceAll("\u2028", " ")
      .replace(/(^|\s)#.*$/, "")
      .replaceAll(/\s--hash[= ]\S+/g, "");
    const place = { file, line, column: entry.search(/\S/) + 1 };
    line += 1 + (whole.match(/\u2028/g)?.length ?? 0);
    if (entry.trim() === "" || WITHOUT_EFFECT.test(entry.trim())) continue;
    read.push(placed(entry.trim(), place));
  }
  return together(read, []);
}

type Place = Pick<PlacedRequirement, "file" | "line" | "column">;

function placed(written: string, place: Place): PlacedRequirement | Complaint {
  const requirement = parseRequirement(written);
  if (requirement) return { ...requirement, ...place };
  return complaintAt(place, `"${written}" is not a package's name and versions`, FROM_THE_INDEX);
}

const together = (
  read: readonly (PlacedRequirement | Complaint)[],
  complaints: readonly Complaint[],
): ProjectFiles => ({
  requirements: read.filter((one) => "specifier" in one),
  complaints: [...complaints, ...read.filter((one) => "message" in one)],
});

/** Returns where a text stands first, the parser of TOML keeps no places. */
function placeOf({ file, text }: OpenFile, written: string): Place {
  const before = text.slice(0, Math.max(text.indexOf(written), 0)).split("\n");
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function unreadable(file: string, error: unknown): Complaint {
  if (error instanceof TomlError) {
    const message = error.message.split("\n")[0] ?? "is not TOML";
    return complaintAt({ file, line: error.line, column: error.column }, message);
  }
  if (!(error instanceof z.ZodError)) throw error;
  const [issue] = error.issues;
  const message = `${issue?.path.join(".") ?? "the file"}: ${issue?.message ?? "is wrong"}`;
  return complaintAt({ file, line: 1, column: 1 }, message, "see the specification of pyproject.toml");
}
