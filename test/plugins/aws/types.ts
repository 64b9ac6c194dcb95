import { invokeFor, resourceFor } from "../server/package.ts";
import type { Aws } from "./clients.ts";

export const resource = resourceFor<Aws>();
export const invoke = invokeFor<Aws>();
