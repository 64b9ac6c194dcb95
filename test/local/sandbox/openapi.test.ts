import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { registration, type Role, SandboxClient, V1_WALLET, V2_WALLET } from "./client.ts";
import { Deal, listAgent, type Side } from "./deal.ts";

/** The service's own API document; it is not part of this project. */
const DOCUMENT = new URL("../../../../shared/masumi/openapi.json", import.meta.url);

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly maxItems?: number;
  readonly minItems?: number;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly pattern?: string;
}

interface Document {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
  readonly paths: Readonly<
    Record<
      string,
      Record<string, { responses: Record<string, { content: { "application/json": { schema: Schema } } }> }>
    >
  >;
}

/** What is wrong with a value, by the part of OpenAPI 3.0 that the document uses; fields it does not name are wrong too. */
function complaints(document: Document, schema: Schema, value: unknown, path: string): string[] {
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1) ?? "";
    return complaints(document, document.components.schemas[name] ?? {}, value, path);
  }
  if (value === null)
    return schema.nullable || schema.anyOf?.some((one) => one.nullable) ? [] : [`${path} is null`];
  if (schema.anyOf) {
    const all = schema.anyOf.map((one) => complaints(document, one, value, path));
    return all.some((found) => found.length === 0)
      ? []
      : (all.toSorted((a, b) => a.length - b.length)[0] ?? []);
  }
  if (schema.enum && !schema.enum.includes(value)) return [`${path} is ${JSON.stringify(value)}`];
  switch (schema.type) {
    case "object":
      return objectComplaints(document, schema, value, path);
    case "array": {
      if (!Array.isArray(value)) return [`${path} is no array`];
      const short = value.length < (schema.minItems ?? 0) || value.length > (schema.maxItems ?? Infinity);
      const inner = value.flatMap((item, index) =>
        complaints(document, schema.items ?? {}, item, `${path}[${index}]`),
      );
      return [...(short ? [`${path} has ${value.length} items`] : []), ...inner];
    }
    case "string": {
      if (typeof value !== "string") return [`${path} is no string`];
      const fits = value.length >= (schema.minLength ?? 0) && value.length <= (schema.maxLength ?? Infinity);
      return fits && new RegExp(schema.pattern ?? "").test(value)
        ? []
        : [`${path} is ${JSON.stringify(value)}`];
    }
    case "integer":
      return Number.isInteger(value) ? [] : [`${path} is no integer`];
    case "number":
    case "boolean":
      return typeof value === schema.type ? [] : [`${path} is no ${schema.type}`];
    default:
      return [];
  }
}

function objectComplaints(document: Document, schema: Schema, value: unknown, path: string): string[] {
  if (typeof value !== "object" || Array.isArray(value)) return [`${path} is no object`];
  const fields = value as Record<string, unknown>;
  const properties = schema.properties ?? {};
  return [
    ...(schema.required ?? [])
      .filter((name) => !(name in fields))
      .map((name) => `${path}.${name} is missing`),
    ...Object.entries(fields).flatMap(([name, field]) => {
      const known = properties[name];
      return known
        ? complaints(document, known, field, `${path}.${name}`)
        : [`${path}.${name} is not in the document`];
    }),
  ];
}

const atHand = existsSync(DOCUMENT);
if (!atHand)
  console.warn("sandbox: the service's API document is not at hand; answers are not checked against it");

describe.skipIf(!atHand)("the sandbox's answers fit the service's API document", () => {
  let document: Document;
  let sandbox: RunningSandbox;
  let client: SandboxClient;

  beforeAll(async () => {
    document = JSON.parse(readFileSync(DOCUMENT, "utf8")) as Document;
    sandbox = await startSandbox({ chainSpeed: 0 });
    client = new SandboxClient(sandbox);
  });
  afterAll(() => sandbox.close());

  let misfits: string[];
  beforeEach(() => {
    misfits = [];
  });

  /** Asks, notes what does not fit the document, and gives the data on. */
  async function ask(method: string, path: string, body?: object, role: Role = "admin"): Promise<unknown> {
    const reply = await client.ask(method, path, body, role);
    const described = document.paths[path.replace(/\?.*/, "")]?.[method.toLowerCase()];
    const schema = described?.responses["200"]?.content["application/json"].schema;
    const found = schema
      ? complaints(document, schema, reply.body, "answer")
      : ["the document does not have it"];
    if (reply.status !== 200) found.push(`${reply.status} ${JSON.stringify(reply.body)}`);
    misfits.push(...found.map((complaint) => `${method} ${path}: ${complaint}`));
    return reply.body.data;
  }

  it("over the life of a V1 and a V2 agent", async () => {
    const recipientWalletAddress = (
      await client.wallet("ab7d3be316924874463283460786f88909b28eb123b405803bc22aeb")
    ).address;
    const rows = [
      await ask("POST", "/registry", registration("v1", V1_WALLET, { recipientWalletAddress })),
      await ask("POST", "/registry", registration("v2", V2_WALLET, { sendFundingLovelace: "6000000" })),
    ] as { id: string }[];
    const lists = async () => {
      await ask("GET", "/registry?network=Preprod");
      await ask("GET", "/registry?network=Preprod&filterPaymentSourceType=Web3CardanoV2");
      await ask("GET", "/registry/diff?network=Preprod&filterPaymentSourceType=Web3CardanoV2");
    };
    await lists();
    await client.advance(16);
    await lists();
    await client.advance(75);
    await lists();
    const identifiers = await Promise.all(rows.map(async ({ id }) => (await client.row(id)).agentIdentifier));
    for (const agentIdentifier of identifiers) {
      await ask("GET", `/registry/agent-identifier?network=Preprod&agentIdentifier=${agentIdentifier}`);
    }
    await ask("GET", `/registry/wallet?network=Preprod&walletVkey=${V2_WALLET}`);
    for (const agentIdentifier of identifiers) {
      await client.control("POST", "/payments", { agentIdentifier, onChainState: "Withdrawn" });
    }
    await ask("GET", "/payment?network=Preprod");
    await ask("GET", "/payment?network=Preprod&filterPaymentSourceType=Web3CardanoV2&includeHistory=true");
    await ask("GET", "/payment/count?network=Preprod");
    const { sellingWalletVkey: _, ...content } = registration("v2, renamed");
    await ask("POST", "/registry/update", { ...content, agentIdentifier: identifiers[1] });
    await ask("POST", "/registry/deregister", { network: "Preprod", agentIdentifier: identifiers[0] });
    await client.advance(100);
    await ask("DELETE", "/registry", { id: rows[0]?.id });
    await lists();
    expect(misfits).toEqual([]);
  });

  it.each(["Web3CardanoV1", "Web3CardanoV2"] as const)("over the life of an escrow on %s", async (type) => {
    const deal = new Deal(client, await listAgent(client, type, { unit: "", amount: "2000000" }), Date.now());
    const filter = `network=Preprod&filterPaymentSourceType=${type}&includeHistory=true`;
    const lists = async () => {
      for (const kind of ["payment", "purchase"]) {
        for (const list of ["", "/diff", "/diff/next-action", "/diff/onchain-state-or-result"])
          await ask("GET", `/${kind}${list}?${filter}`);
        await ask("GET", `/${kind}/count?network=Preprod`);
        await ask(
          "POST",
          `/${kind}/resolve-blockchain-identifier`,
          { ...id, includeHistory: "true" },
          "read",
        );
      }
    };
    const made = (await ask("POST", "/payment", deal.paymentBody(), "pay")) as Side;
    const id = { network: "Preprod", blockchainIdentifier: made.blockchainIdentifier };
    await ask("POST", "/purchase", deal.purchaseBody({}, made), "buyer");
    await lists();
    await client.advance(90);
    await ask("POST", "/purchase/request-refund", id, "buyer");
    await client.advance(75);
    await ask("POST", "/payment/submit-result", { ...id, submitResultHash: deal.resultHash }, "pay");
    await client.advance(75);
    await lists();
    await client.advance(25 * 60);
    await ask("POST", "/purchase/cancel-refund-request", id, "buyer");
    await client.advance(2 * 3600);
    await lists();
    expect(misfits).toEqual([]);
  });

  it("for a refund that the seller grants", async () => {
    const agent = await listAgent(client, "Web3CardanoV2", { unit: "", amount: "2000000" });
    const deal = new Deal(client, agent, Date.now());
    await deal.lock();
    await deal.act("purchase/request-refund", "buyer");
    await client.advance(75);
    const { blockchainIdentifier } = deal.made;
    await ask("POST", "/payment/authorize-refund", { network: "Preprod", blockchainIdentifier }, "pay");
    expect(misfits).toEqual([]);
  });

  it("for keys, sources, wallets and balances", async () => {
    const wallets = (await ask("GET", "/wallet/list?take=100")) as {
      Wallets: { id: string; walletAddress: string }[];
    };
    const { id = "", walletAddress = "" } =
      wallets.Wallets.find((wallet) => wallet.walletAddress.includes("qrap97")) ?? {};
    await ask("GET", `/wallet?walletType=Selling&id=${id}`);
    await ask("GET", `/balance?network=Preprod&address=${walletAddress}`);
    await ask("GET", `/utxos?network=Preprod&address=${walletAddress}`);
    await ask("GET", "/payment-source");
    await ask("GET", "/payment-source-extended");
    await ask("GET", "/api-key-status", undefined, "pay");
    await ask("GET", "/registry/count?network=Preprod");
    await ask("GET", "/health");
    expect(misfits).toEqual([]);
  });

  it("and the check can fail", () => {
    const schema =
      document.paths["/registry/count"]?.["get"]?.responses["200"]?.content["application/json"].schema ?? {};
    expect(complaints(document, schema, { status: "success", data: { total: "1" } }, "answer")).not.toEqual(
      [],
    );
    expect(
      complaints(document, schema, { status: "success", data: { total: 1, more: 1 } }, "answer"),
    ).toEqual(["answer.data.more is not in the document"]);
  });
});
