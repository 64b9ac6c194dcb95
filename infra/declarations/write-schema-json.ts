/** Rewrites agents/agent.schema.json: `node infra/declarations/write-schema-json.ts`. */
import { writeFileSync } from "node:fs";
import { agentSchemaJson } from "./schema-json.ts";

writeFileSync(new URL("../../agents/agent.schema.json", import.meta.url), agentSchemaJson());
