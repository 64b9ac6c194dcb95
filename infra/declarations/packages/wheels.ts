import type { LockedWheels } from "./lock.ts";
import { IMAGE_PYTHON } from "./project-files.ts";

const MINOR = Number(IMAGE_PYTHON.split(".")[1]);

/** What is left of a marker that says no more than on which of the platforms of crews a package is needed. */
const PLATFORMS_ALONE = /^(?:\s|\(|\)|or|sys_platform|==|'(?:linux|darwin)')*$/;

/** Returns whether a package is needed on Linux, whatever the version of Python; what a marker says of others is left to uv. */
export const isNeededOnLinux = ({ marker }: LockedWheels): boolean =>
  marker === undefined || (PLATFORMS_ALONE.test(marker) && marker.includes("'linux'"));

/** Returns whether a wheel can be installed in the containers of crews, by the tags in its name (PEP 427). */
export function fitsContainer(wheel: string): boolean {
  const [python = "", abi = "", platform = ""] = wheel
    .replace(/\.whl$/, "")
    .split("-")
    .slice(-3);
  if (
    !platform.split(".").some((tag) => tag === "any" || /^(?:many)?linux.*_(?:x86_64|aarch64)$/.test(tag))
  ) {
    return false;
  }
  const isStable = abi.split(".").includes("abi3");
  return python.split(".").some((tag) => {
    const [, kind, minor] = /^(py|cp)3(\d*)$/.exec(tag) ?? [];
    if (kind === undefined) return false;
    if (minor === "" || Number(minor) === MINOR) return true;
    return (kind === "py" || isStable) && Number(minor) < MINOR;
  });
}
