/**
 * The image that crew/Dockerfile begins with. Where the real one can be neither found nor pulled, this machine's own files
 * stand in for it: a Python, a shell with its tools, and the libraries that they load.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { RUN, docker } from "./docker.ts";

const PULL_SECONDS = "60";
const STAND_IN = `${RUN}/python:stand-in`;

const TOOLS =
  "sh bash env cat chmod chown cp cut dirname basename echo find grep head id ln ls mkdir mv pwd rm rmdir sed sleep sort tail test touch tr true uname wc";
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const LEFT_OUT = ["test", "__pycache__", "idlelib", "site-packages", "*.a"];

/** What a build has to be told as BASE_IMAGE. */
export interface BaseImage {
  readonly name: string;
  /** What it is, for the report. */
  readonly kind: "the real one" | "a stand-in";
}

export async function baseImage(dockerfile: string): Promise<BaseImage> {
  const declared = /^FROM (\S+) AS python$/m.exec(readFileSync(dockerfile, "utf8"))?.[1];
  if (!declared) throw new Error(`${dockerfile} does not say FROM … AS python`);
  const isThere = await docker(["image", "inspect", declared]).then(
    () => true,
    () => spawnSync("timeout", [PULL_SECONDS, "docker", "pull", "--quiet", declared]).status === 0,
  );
  return isThere ? { name: declared, kind: "the real one" } : { name: await standIn(), kind: "a stand-in" };
}

async function standIn(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), `${RUN}-`));
  try {
    fill(join(root, "base"));
    const archive = join(root, "base.tar");
    // The same files make the same archive, so that the engine finds what it built upon them before.
    const same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
    execFileSync("tar", [...same, "-C", join(root, "base"), "-cf", archive, "."]);
    const certificates = [`SSL_CERT_FILE=${CERTIFICATES}`, `PIP_CERT=${CERTIFICATES}`];
    const environment = ["PATH=/usr/local/bin:/usr/bin:/bin", ...certificates].map((set) => `ENV ${set}`);
    await docker(["import", ...environment.flatMap((change) => ["--change", change]), archive, STAND_IN]);
    return STAND_IN;
  } finally {
    rmSync(root, { recursive: true });
  }
}

function fill(base: string): void {
  for (const folder of ["bin", "sbin", "lib", "lib64"]) {
    mkdirSync(join(base, "usr", folder), { recursive: true });
    symlinkSync(`usr/${folder}`, join(base, folder));
  }
  for (const folder of ["dev", "etc", "proc", "root", "run", "sys", "tmp", "usr/local/bin"]) {
    mkdirSync(join(base, folder), { recursive: true });
  }
  chmodSync(join(base, "tmp"), 0o1777);
  writeFileSync(join(base, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  writeFileSync(join(base, "etc/group"), "root:x:0:\n");
  if (existsSync(CERTIFICATES)) copy(CERTIFICATES, join(base, CERTIFICATES));

  const tools = TOOLS.split(" ")
    .map((name) => join("/usr/bin", name))
    .filter((path) => existsSync(path));
  for (const tool of tools) copy(tool, join(base, tool));

  const python = findPython();
  const exclude = LEFT_OUT.map((name) => `--exclude=${name}`);
  const moved = execFileSync("tar", ["-C", python, ...exclude, "-cf", "-", "bin", "lib"], {
    maxBuffer: 2 ** 30,
  });
  execFileSync("tar", ["-C", join(base, "usr/local"), "-xf", "-"], { input: moved });
  const [pip = ""] = globSync(join(python, "lib/python3.*/site-packages/pip"));
  cpSync(pip, join(base, "usr/local", pip.slice(python.length)), {
    recursive: true,
    filter: (path) => !path.endsWith("__pycache__"),
  });
  // The shebang of the one that was moved points to where it came from.
  writeFileSync(join(base, "usr/local/bin/pip"), '#!/bin/sh\nexec python -m pip "$@"\n', { mode: 0o755 });
  // Searched without a cache that only a running base could write.
  for (const library of globSync("usr/local/lib/libpython*.so*", { cwd: base })) {
    symlinkSync(`/${library}`, join(base, "usr/lib", basename(library)));
  }

  const extensions = globSync(join(python, "lib/python3.*/lib-dynload/*.so"));
  const programs = [...tools, realpathSync(join(python, "bin/python3")), ...extensions];
  for (const library of librariesOf(programs))
    if (!library.startsWith(python)) copy(library, join(base, library));
}

/** Wheels are built against these, which no program of the base need load (manylinux, PEP 513). */
const FOR_WHEELS =
  "libstdc++.so.6 libgcc_s.so.1 libpthread.so.0 libdl.so.2 librt.so.1 libutil.so.1 libresolv.so.2".split(" ");

function librariesOf(programs: readonly string[]): Set<string> {
  const said = spawnSync("ldd", programs, { encoding: "utf8", maxBuffer: 2 ** 26 }).stdout;
  const loaded = [...said.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path = ""]) => path);
  const known = execFileSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" });
  const wheels = FOR_WHEELS.map((name) => new RegExp(`^\\s${name.replaceAll("+", "\\+")} .*=> (/\\S+)$`, "m"))
    .map((line) => line.exec(known)?.[1])
    .filter((path) => path !== undefined);
  return new Set([...loaded, ...wheels]);
}

/** A Python that lies in a folder of its own, best the version that the Dockerfile names. */
function findPython(): string {
  const candidates = [
    ...["3.12", "3.13", "3.11"].flatMap((version) =>
      globSync(join(homedir(), `.pyenv/versions/${version}.*`)),
    ),
    ...["python3.12", "python3.13", "python3.11", "python3"].map(prefixOf),
  ];
  const found = candidates.find((prefix) => prefix !== "/usr" && existsSync(join(prefix, "bin/python3")));
  if (found) return found;
  throw new Error(
    "Neither can the base image of crew/Dockerfile be pulled, nor is there a Python in a folder of its own to stand in for it.",
  );
}

const prefixOf = (python: string): string =>
  spawnSync(python, ["-c", "import sys; print(sys.base_prefix, end='')"], { encoding: "utf8" }).stdout ||
  "/usr";

/** Copies what a link leads to, under the link's own name. */
function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(realpathSync(from), to);
}
