import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Recording, record, shortName } from "../deploy/recorder.ts";
import { deploy, projectOf } from "../deploy/stack.ts";

const MIB = 1024 * 1024;
const AWS = { bucket: "example-documents", prefix: "crews" };
const SUPABASE = {
  bucket: "documents",
  region: "eu-central-1",
  endpoint: "https://ref.storage.supabase.co/storage/v1/s3",
};
const KEY = "AKIDOFDOCUMENTS:sentinel-documents-key";

/** The crew in Python of a fixture with a large PDF beside its document, and further settings of the stack. */
function projectWith(settings: Record<string, unknown>, fill = 1): { root: string; sha256: string } {
  const root = projectOf("docker-crew-in-python");
  const atlas = Buffer.alloc(11 * MIB, fill);
  writeFileSync(join(root, "docs/atlas.pdf"), atlas);
  const file = join(root, "agents/forecast.yaml");
  writeFileSync(
    file,
    readFileSync(file, "utf8").replace("[docs/clouds.md]", "[docs/clouds.md, docs/atlas.pdf]"),
  );
  const stack = JSON.parse(readFileSync(join(root, "stack.json"), "utf8")) as object;
  writeFileSync(join(root, "stack.json"), JSON.stringify({ ...stack, ...settings }));
  return { root, sha256: createHash("sha256").update(atlas).digest("hex") };
}

const found = ({ resources }: Recording, type: string, name = "forecast") => {
  const one = resources.find((resource) => shortName(resource) === `${type} ${name}`);
  if (!one) throw new Error(`no ${type} ${name} among ${resources.map(shortName).join(", ")}`);
  return one;
};
const keyOf = (sha256: string, prefix = "crews/") => `${prefix}masumi-agents/preprod/forecast/${sha256}`;

const ECS = { hosting: "ecs-alb", aws: { domain: "agents.example.com" } };

describe("a document that is too large for an image", () => {
  it("goes into the bucket before its container starts, which gets a key that only reads", async () => {
    const { root, sha256 } = projectWith({ documents: AWS, documentsKey: KEY });
    const recording = await record(() => deploy(root));
    const name = `forecast-${sha256.slice(0, 16)}`;
    const stored = found(recording, "StoredDocument", name);
    expect(stored.inputs).toMatchObject({
      bucket: { bucket: "example-documents", region: "eu-central-1" },
      key: keyOf(sha256),
      sha256,
      bytes: 11 * MIB,
      source: "../docs/atlas.pdf",
    });
    expect(JSON.stringify(stored)).not.toContain("sentinel");
    const container = found(recording, "Container");
    expect(container.dependencies).toContain(`StoredDocument ${name}`);
    expect(container.inputs["envs"]).toBe("<secret>");
    expect(recording.uncovered).toContain(`DOCUMENTS_KEY=${KEY}`);
    expect(recording.uncovered).toContain(
      "DOCUMENTS_LOCATION=s3://example-documents/crews/masumi-agents/preprod/forecast",
    );
    expect(JSON.stringify(recording.resources)).not.toContain("sentinel-documents-key");

    const again = await record(() => deploy(root), { preview: true, prior: recording });
    expect(again.resources, "a second run plans nothing").toEqual(recording.resources);
  });

  it("is another resource when its content changes, so that the old one goes after the new container is there", async () => {
    const [one, two] = [
      projectWith({ documents: AWS, documentsKey: KEY }),
      projectWith({ documents: AWS, documentsKey: KEY }, 2),
    ];
    const names = async (root: string) =>
      (await record(() => deploy(root))).resources.map(shortName).filter((name) => name.startsWith("Stored"));
    expect(await names(one.root)).toEqual([`StoredDocument forecast-${one.sha256.slice(0, 16)}`]);
    expect(await names(two.root)).toEqual([`StoredDocument forecast-${two.sha256.slice(0, 16)}`]);
  });

  it("is read on ECS by the task's role, which may read this object and no other", async () => {
    const { root, sha256 } = projectWith({ ...ECS, documents: AWS });
    const recording = await record(() => deploy(root));
    const policy = JSON.parse(String(found(recording, "RolePolicy").inputs["policy"])) as {
      Statement: { Action: string[]; Resource: string[] }[];
    };
    expect(
      policy.Statement.filter(({ Action }) => Action.some((action) => action.startsWith("s3:"))),
    ).toEqual([
      {
        Effect: "Allow",
        Action: ["s3:GetObject"],
        Resource: [`arn:aws:s3:::example-documents/${keyOf(sha256)}`],
      },
    ]);
    expect(found(recording, "Service").dependencies).toContain(
      `StoredDocument forecast-${sha256.slice(0, 16)}`,
    );
    const task = String(found(recording, "TaskDefinition").inputs["containerDefinitions"]);
    expect(task).toContain("s3://example-documents/crews/masumi-agents/preprod/forecast");
    expect(task).not.toContain("DOCUMENTS_KEY");
    expect(task).toContain('"startPeriod":300');
  });

  it("is read on ECS with a key where the bucket is elsewhere, by the crews alone that have such documents", async () => {
    const { root } = projectWith({ ...ECS, documents: SUPABASE, documentsKey: KEY });
    const file = readFileSync(join(root, "agents/forecast.yaml"), "utf8");
    writeFileSync(
      join(root, "agents/other.yaml"),
      file
        .replace(/^documents:.*$/m, "")
        .replace("Forecast", "Other")
        .replace("capability: { name: weather", "capability: { name: other"),
    );
    const recording = await record(() => deploy(root));
    const task = (id: string) =>
      String(found(recording, "TaskDefinition", id).inputs["containerDefinitions"]);
    expect(task("forecast")).toContain("DOCUMENTS_KEY");
    expect(task("forecast")).toContain(SUPABASE.endpoint);
    expect(task("other")).not.toContain("DOCUMENTS");
    expect(JSON.stringify(found(recording, "RolePolicy"))).not.toContain("s3:");
  });

  it("lies beside a crew that runs on this machine, and needs no bucket", async () => {
    const { root, sha256 } = projectWith({ hosting: "process" });
    const recording = await record(() => deploy(root));
    expect(recording.resources.map(shortName).filter((name) => name.startsWith("Stored"))).toEqual([]);
    const placed = join(root, ".masumi/crews/forecast/documents", `${sha256.slice(0, 32)}.pdf`);
    expect(readFileSync(placed)).toHaveLength(11 * MIB);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      "no bucket",
      {},
      /docs\/atlas\.pdf" has 11\.0 MiB, at most 10 MiB fit into an image: set a bucket .*masumi:documents/,
    ],
    [
      "no key for containers",
      { documents: AWS },
      /masumi:documentsKey is missing: .*--secret masumi:documentsKey/,
    ],
    [
      "a key that is none",
      { documents: AWS, documentsKey: "sentinel" },
      /masumi:documentsKey: expected <access key id>:<secret/,
    ],
    [
      "a bucket that is none",
      { documents: { bucket: "a b" }, documentsKey: KEY },
      /masumi:documents\.bucket: expected the name/,
    ],
    [
      "an unknown setting",
      { documents: { ...AWS, secret: "x" }, documentsKey: KEY },
      /Unrecognized key: "secret"/,
    ],
  ])("is refused with %s", async (_, settings, message) => {
    const { root } = projectWith(settings);
    await expect(record(() => deploy(root))).rejects.toThrow(message);
  });
});
