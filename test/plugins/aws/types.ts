import { z } from "zod";
import { invokeFor, resourceFor } from "../server/package.ts";
import type { Aws } from "./clients.ts";

export const resource = resourceFor<Aws>();
export const invoke = invokeFor<Aws>();

/**
 * Whose a resource is, on every type that AWS can tag. They are taken and kept, but not passed on: the emulator allows
 * everything to everybody, so nothing asks for them.
 */
export const tagged = { tags: z.record(z.string(), z.string()).optional() };
