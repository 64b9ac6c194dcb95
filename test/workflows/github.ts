import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Item {
  readonly number: number;
  readonly id: number;
  readonly user: { readonly login: string };
  readonly title?: string;
  body: string;
  state: "open" | "closed";
}

type Content = { readonly title?: string; readonly body?: string; readonly state?: string } | undefined;

export const BOT = "github-actions[bot]";
const TOKEN = "token-of-the-job";

async function readJson(request: IncomingMessage): Promise<Content> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text ? (JSON.parse(text) as Content) : undefined;
}

/**
 * The part of GitHub's REST API that the workflows use: comments of pull request 7, issues, and the newest commit of
 * main; in pages, as GitHub gives them. On loopback.
 */
export class GitHub implements AsyncDisposable {
  readonly comments: Item[] = [];
  readonly issues: Item[] = [];
  /** Every request that changes something. */
  readonly writes: { readonly method: string; readonly path: string }[] = [];
  newestCommit = "";
  /** Answers everything with this status instead. */
  broken: number | undefined;
  readonly #server = createServer();
  #next = 1000;

  static async start(): Promise<GitHub> {
    const github = new GitHub();
    github.#server.on("request", (request, response) => {
      void github.#answer(request, response);
    });
    github.#server.listen(0, "127.0.0.1");
    await once(github.#server, "listening");
    return github;
  }

  /** What a runner puts into the environment of a step. */
  get env(): Record<string, string> {
    const { port } = this.#server.address() as AddressInfo;
    return {
      GITHUB_API_URL: `http://127.0.0.1:${port}`,
      GITHUB_REPOSITORY: "example/agents",
      GITHUB_SERVER_URL: "https://github.example.com",
      GITHUB_RUN_ID: "42",
      GITHUB_TOKEN: TOKEN,
    };
  }

  add(list: Item[], body: string, { login = BOT, title = "" } = {}): Item {
    const number = this.#next++;
    const item: Item = { number, id: number, user: { login }, title, body, state: "open" };
    list.push(item);
    return item;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const content = await readJson(request);
    const [status, answer] = this.#route(request, content);
    const isText = typeof answer === "string";
    response.writeHead(status, { "content-type": isText ? "text/plain" : "application/json" });
    response.end(isText ? answer : JSON.stringify(answer));
  }

  #route({ method = "GET", url = "/", headers }: IncomingMessage, content: Content): [number, unknown] {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    const path = pathname.replace("/repos/example/agents", "");
    if (this.broken) return [this.broken, { message: "broken" }];
    if (headers.authorization !== `Bearer ${TOKEN}`) return [401, {}];
    if (path === "/commits/main" && headers.accept === "application/vnd.github.sha") {
      return [200, this.newestCommit];
    }
    if (method !== "GET") this.writes.push({ method, path });
    const answer = method === "GET" ? this.#list(path, searchParams) : this.#write(path, content ?? {});
    return answer ? [200, answer] : [404, {}];
  }

  #list(path: string, query: URLSearchParams): Item[] | undefined {
    const lists: Record<string, Item[]> = { "/issues/7/comments": this.comments, "/issues": this.issues };
    const [size, page] = [Number(query.get("per_page") ?? 30), Number(query.get("page") ?? 1)];
    return lists[path]
      ?.filter(({ state }) => !query.has("state") || state === query.get("state"))
      .filter(({ user }) => !query.has("creator") || user.login === query.get("creator"))
      .slice((page - 1) * size, page * size);
  }

  #write(path: string, content: NonNullable<Content>): Item | undefined {
    const { title = "", body = "" } = content;
    if (path === "/issues/7/comments") return this.add(this.comments, body);
    if (path === "/issues") return this.add(this.issues, body, { title });
    const [, list, number, comment] = /^\/issues(\/comments)?\/(\d+)(\/comments)?$/.exec(path) ?? [];
    const found = (list ? this.comments : this.issues).find((item) => item.number === Number(number));
    if (found && !comment) Object.assign(found, content);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
