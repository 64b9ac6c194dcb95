import type * as Http from "node:http";
import { createRequire } from "node:module";
import type { AxiosStatic } from "axios";

/*
 * Every command, program and provider host loads these when it starts, so they are loaded in the way that is quick: axios as the one file
 * that its package builds for `require` instead of sixty modules, and node:http without Node's fetch and WebSocket, which an import of it
 * would load for its list of exports.
 */
const load = createRequire(import.meta.url);

const axios = load("axios") as AxiosStatic;

export default axios;
export const { isAxiosError } = axios;
export const { Agent: HttpAgent } = load("node:http") as typeof Http;
