import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crewFolder } from "../../../providers/common/own-files.ts";
import { type ContextFile, textFile } from "../build-context.ts";
import type { LockedPackages } from "./locked.ts";

/**
 * Installs a lock upon the runtime's image, where the agent looks for it, each package checked against its hash, as uv itself is;
 * none of what installs them stays. pip is the base image's: the runtime's own environment, first in PATH, has none.
 */
const dockerfile = (folder: string) => `ARG RUNTIME_IMAGE
FROM \${RUNTIME_IMAGE}
RUN --mount=type=bind,source=pylock.toml,target=/tmp/pylock.toml \\
  --mount=type=bind,source=installer/requirements.txt,target=/tmp/installer.txt \\
  --mount=type=cache,target=/var/cache/uv \\
  PATH="\${PATH#*:}" pip install --no-cache-dir --no-compile --disable-pip-version-check --root-user-action=ignore \\
    --target=/tmp/uv --require-hashes --only-binary=:all: -r /tmp/installer.txt \\
  && UV_CACHE_DIR=/var/cache/uv UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1 \\
    /tmp/uv/bin/uv pip install --no-build --no-deps --require-hashes --preview-features=pylock --compile-bytecode \\
      --python=/runtime/.venv/bin/python --target=/agent/${folder} -r /tmp/pylock.toml \\
  && rm -rf /tmp/uv /tmp/uv-*.lock /agent/${folder}/.lock
`;

/** Returns what the image of an agent's packages is built from. Its name says which lock it has: agents share it. */
export function packagesImage(
  projectRoot: string,
  { folder, lock }: LockedPackages,
): { readonly name: string; readonly files: readonly ContextFile[] } {
  const installer = "installer/requirements.txt";
  return {
    // Cannot be an agent's id, because it begins with an underscore.
    name: `_${folder.replace("/", "-")}`,
    files: [
      textFile("Dockerfile", dockerfile(folder)),
      textFile("pylock.toml", lock),
      textFile(installer, readFileSync(join(crewFolder(projectRoot), installer), "utf8")),
    ],
  };
}
