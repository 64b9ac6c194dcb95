import { type HireOptions, type HireReport, hireAgent, hireIds, resumeHire } from "../../buyer/index.ts";
import { readEntered } from "../../cli/hire/entered.ts";
import { inputFrom, respondentAt } from "../../cli/hire/respondent.ts";
import type { Prompter } from "../../cli/terminal.ts";
import { eventText } from "../../cli/hire/text.ts";
import { DEFAULT_MAX_DAYS, hireFolder, openAccount, readWish } from "../../cli/hire/wish.ts";
import { readMarket } from "../../stacks/network.ts";
import { openProject } from "../../stacks/project.ts";
import { type ChainSpeed, type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { TestProject } from "../helpers/project.ts";
import { SandboxClient } from "../local/sandbox/client.ts";
import { type Behaviour, Seller } from "./seller.ts";

interface Watching {
  readonly answers?: readonly string[] | undefined;
  readonly prompter?: Prompter | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Hiring extends Watching {
  readonly inputs?: readonly string[];
  readonly maxPrice?: readonly string[];
  readonly maxDays?: number;
  readonly stack?: string;
  readonly paymentService?: string;
  readonly env?: Record<string, string>;
}

/** A project, its sandbox, and sellers on it. */
export class Market implements AsyncDisposable {
  readonly project = new TestProject();
  readonly sandbox: RunningSandbox;
  readonly client: SandboxClient;
  /** Lines of progress. */
  readonly said: string[] = [];
  onSaid: (line: string) => void = () => undefined;
  readonly #sellers: Seller[] = [];

  private constructor(sandbox: RunningSandbox) {
    this.sandbox = sandbox;
    this.client = new SandboxClient(sandbox);
    this.project.useSandbox(sandbox.url);
  }

  static async open(chainSpeed: ChainSpeed = "instant"): Promise<Market> {
    return new Market(await startSandbox({ chainSpeed }));
  }

  async seller(behaviour: Behaviour = {}): Promise<Seller> {
    const seller = await Seller.start(this.sandbox, behaviour);
    this.#sellers.push(seller);
    return seller;
  }

  #options(
    { answers, prompter, signal = AbortSignal.timeout(30_000) }: Watching,
    env: Record<string, string> = {},
  ): HireOptions {
    const project = openProject(this.project.root);
    const say = (line: string) => {
      this.said.push(line);
      this.onSaid(line);
    };
    return {
      folder: hireFolder(project),
      openAccount: (name) => openAccount(project, name, { env, signal }),
      readMarket: (stack) => readMarket(project, stack),
      answer: answers && readEntered(answers, undefined, "--answer"),
      askInput: inputFrom(prompter, say),
      respondent: respondentAt(prompter, say),
      onEvent: (event) => eventText(event).forEach(say),
      signal,
    };
  }

  /** Hires as the command does, in this process. */
  async hire(
    agent: string,
    {
      inputs = ["topic=Heat pumps"],
      maxPrice = [],
      maxDays = DEFAULT_MAX_DAYS,
      stack = "local",
      paymentService,
      env,
      ...watching
    }: Hiring = {},
  ): Promise<HireReport> {
    const project = openProject(this.project.root);
    const entered = readEntered(inputs, undefined);
    const wanted = { agent, stack, paymentService, entered, maxPrice, maxDays };
    const wish = await readWish(project, wanted, { env: env ?? {} });
    return hireAgent(wish, this.#options(watching, env));
  }

  resume(id: string, wantsRefund = false, watching: Watching = {}): Promise<HireReport> {
    return resumeHire(id, { ...this.#options(watching), wantsRefund });
  }

  hires(): string[] {
    return hireIds(hireFolder(openProject(this.project.root)));
  }

  /** States of all purchases, V1 and V2. */
  async purchases(): Promise<(string | null)[]> {
    const lists = await Promise.all(
      ["Web3CardanoV1", "Web3CardanoV2"].map((type) =>
        this.client.ask<{ Purchases: { onChainState: string | null }[] }>(
          "GET",
          `/purchase?network=Preprod&limit=100&filterPaymentSourceType=${type}`,
        ),
      ),
    );
    return lists.flatMap(({ body }) => body.data.Purchases.map(({ onChainState }) => onChainState));
  }

  /** How often a route was asked. */
  async asked(route: string): Promise<number> {
    return (
      (await this.client.control<{ byRoute: Record<string, number> }>("GET", "/requests")).byRoute[route] ?? 0
    );
  }

  fault(fault: object): Promise<unknown> {
    return this.client.control("POST", "/faults", { faults: [fault] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const seller of this.#sellers) await seller[Symbol.asyncDispose]();
    await this.project.dispose();
    await this.sandbox.close();
  }
}
