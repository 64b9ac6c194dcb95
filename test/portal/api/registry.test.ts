import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { agent as agentSchema } from "../../../portal/api/schemas.ts";
import { OWN_TEMPLATES } from "../../../portal/templates/template.ts";
import { type TestedApi, form, json, startApi } from "./portal-api.ts";

/* What the network's registry has of agents. */

let api: TestedApi;
beforeAll(async () => {
  api = await startApi();
}, 300_000);
afterAll(() => api.close());

async function createdAt(portal: TestedApi, name: string, template = "support-desk"): Promise<string> {
  const response = await portal.send("POST", "/agent", "anna", json({ ...form(name), template }));
  expect(response.status).toBe(202);
  return ((await response.json()) as { agentId: string }).agentId;
}

describe("an agent's type of listing", () => {
  it("is shown where it is not standard", async () => {
    const folder = mkdtempSync(join(tmpdir(), "masumi-portal-templates-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const text = readFileSync(join(OWN_TEMPLATES, "support-desk.yaml"), "utf8");
    writeFileSync(join(folder, "support-desk.yaml"), text);
    writeFileSync(join(folder, "card.yaml"), text.replace("payment: V2", "payment: V2\n  listing: a2a"));
    const beside = await api.beside({ PORTAL_TEMPLATES: folder });
    onTestFinished(() => beside.close());
    const listingOf = async (template: string) => {
      const id = await createdAt(beside, `Listed by ${template}`, template);
      return agentSchema.parse(await (await beside.send("GET", `/agents/${id}`, "anna")).json()).listing;
    };
    expect(await listingOf("card")).toBe("a2a");
    expect(await listingOf("support-desk")).toBeUndefined();
  });
});
