/** Rewrites schema.json: `node library/component/write-schema.ts`. */
import { writeFileSync } from "node:fs";
import { componentSchemaJson } from "./documentation.ts";

writeFileSync(new URL("schema.json", import.meta.url), componentSchemaJson());
