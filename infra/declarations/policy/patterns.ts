import { posix } from "node:path";

/** Returns whether a host is one of these: `*.example.org` names all hosts below example.org, and not itself. */
export const isHostOf = (patterns: readonly string[], host: string): boolean =>
  patterns.some((pattern) =>
    pattern.startsWith("*.")
      ? host.length >= pattern.length && host.endsWith(pattern.slice(1))
      : host === pattern,
  );

/** Returns whether everything that an entry of fetch_hosts names is allowed: a wildcard only by one that is as wide. */
export const isEntryOf = (patterns: readonly string[], entry: string): boolean =>
  entry.startsWith("*.")
    ? patterns.some(
        (pattern) => pattern === entry || (isHostOf([pattern], entry.slice(2)) && pattern.startsWith("*.")),
      )
    : isHostOf(patterns, entry);

interface ImageName {
  readonly registry: string;
  readonly path: string;
}

/** Splits the beginning of an image's name as Docker does: without a registry it is one of Docker Hub. */
function splitName(name: string): ImageName {
  const [first = "", ...rest] = name.split("/");
  if (!/[.:A-Z]|^localhost$/.test(first)) return { registry: "docker.io", path: name };
  const registry = first.toLowerCase();
  return { registry: registry === "index.docker.io" ? "docker.io" : registry, path: rest.join("/") };
}

/** Returns the whole name of an image, without tag and digest; Docker Hub's own images are in library/. */
function nameOf(image: string): ImageName {
  const name = (image.split("@", 1)[0] ?? "").replace(/:[^/]*$/, "");
  return splitName(name.includes("/") ? name : `docker.io/library/${name}`);
}

/** Returns whether an image's name begins with one of these, by whole parts between slashes. */
export function isImageOf(patterns: readonly string[], image: string): boolean {
  const { registry, path } = nameOf(image);
  return patterns.some((pattern) => {
    const allowed = splitName(pattern.replace(/\/$/, ""));
    return isHostOf([allowed.registry], registry) && isBelow(allowed.path, path);
  });
}

/** Returns whether a folder is one of these or in one of them. */
export const isFolderOf = (folders: readonly string[], folder: string): boolean =>
  folders.some((allowed) => isBelow(cleaned(allowed), cleaned(folder)));

const cleaned = (path: string) => posix.normalize(path).replace(/\/$/, "").replace(/^\.$/, "");

const isBelow = (above: string, path: string): boolean =>
  above === "" || path === above || path.startsWith(`${above}/`);
