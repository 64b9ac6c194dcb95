import { afterEach, describe, expect, it } from "vitest";
import { signInOrigins } from "../../../portal/identity/index.ts";
import { type RunningServer, startServer } from "../server.ts";

const servers: RunningServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function originsOf(answer: () => Response) {
  const server = await startServer(answer);
  servers.push(server);
  const said: string[] = [];
  const origins = await signInOrigins(`${server.url}/realms/customers`, (line) => said.push(line));
  return { origins: origins.map((origin) => origin.replace(server.url, "own")), said: said.length };
}

describe("the origins that the page may talk to for signing in", () => {
  it.each([
    [
      "are the issuer's, and that of its token endpoint",
      "https://tokens.example.com/token",
      ["own", "https://tokens.example.com"],
    ],
    [
      "have no token endpoint that anybody on the way could listen to",
      "http://tokens.example.com/token",
      ["own"],
    ],
  ])("%s", async (_, endpoint, origins) => {
    expect(await originsOf(() => Response.json({ token_endpoint: endpoint }))).toEqual({ origins, said: 0 });
  });

  it("are the issuer's alone if it says nothing of it, which the operator hears", async () => {
    expect(await originsOf(() => new Response("", { status: 500 }))).toEqual({ origins: ["own"], said: 1 });
  });
});
