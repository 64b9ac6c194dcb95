/** Rewrites agents/agent.schema.json: `node infra/declarations/schema/write-json-schema.ts`. */
import { writeFileSync } from "node:fs";
import { agentSchemaJson } from "./json-schema.ts";

writeFileSync(new URL("../../../agents/agent.schema.json", import.meta.url), agentSchemaJson());
