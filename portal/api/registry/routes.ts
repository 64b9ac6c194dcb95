import type { Hono } from "hono";
import { type AgentRow, findAgent } from "../../database/agents.ts";
import type { RegistryAnswer, RegistryDesk } from "./desk.ts";
import { unlessAborted } from "../../unless-aborted.ts";
import { requireOwn } from "../accept.ts";
import type { ApiEnv, ApiParts } from "../context.ts";
import { noRegistry } from "../problems.ts";
import type { RegistryView } from "../schemas.ts";

/** Whoever asks waits no longer, be it for those before them. */
const WITHIN_MS = 20_000;

/** GET /agents/{id}/registry: what the network's registry says of an agent. The portal asks it; the browser has neither address nor key. */
export function registryRoutes(app: Hono<ApiEnv>, { database, registry }: ApiParts): void {
  app.get("/agents/:id/registry", async (context) => {
    const user = context.get("user");
    const agent = requireOwn(await findAgent(database, context.req.param("id")), user);
    if (!registry) throw noRegistry();
    const answer = await answerOf(registry, agent, context.req.raw.signal);
    return context.json<RegistryView>(viewOf(answer, user.isOperator));
  });
}

async function answerOf(
  registry: RegistryDesk,
  agent: AgentRow,
  leaving: AbortSignal,
): Promise<RegistryAnswer | undefined> {
  const { masumiId: agentIdentifier, url, shown } = agent;
  if (agentIdentifier === null) return undefined;
  const { type, document: documentUrl, protocolVersions } = shown.listing ?? {};
  const probed = url === null ? undefined : { apiBaseUrl: url, type, documentUrl, protocolVersions };
  const late = AbortSignal.timeout(WITHIN_MS);
  try {
    return await unlessAborted(AbortSignal.any([late, leaving]), () =>
      registry.of({ agentIdentifier, probed }),
    );
  } catch (error) {
    if (leaving.aborted || !late.aborted) throw error;
    return { askedAt: new Date(), health: undefined, problem: "too many agents are asked about at once." };
  }
}

const SILENT = "The network's registry does not answer at present. The portal will ask it again.";
const IN_PART = "The network's registry did not answer everything. The portal will ask it again.";

/** Returns an answer as a user may see it: what is wrong with the registry, or its key, is the operator's to see. */
function viewOf(answer: RegistryAnswer | undefined, forOperator: boolean): RegistryView {
  if (!answer) return { askedAt: null, problem: null, health: null };
  const { askedAt, health, problem } = answer;
  const said = health ? IN_PART : SILENT;
  return {
    askedAt: askedAt.toISOString(),
    problem: problem === null ? null : forOperator ? `${said} Why: ${problem}` : said,
    health: health ?? null,
  };
}
