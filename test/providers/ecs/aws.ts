/** AWS's JSON protocol on loopback: what ECS, CloudWatch Logs and ECR answer is scripted, what they are asked is kept. */
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, vi } from "vitest";

export interface AskedOfAws {
  /** Such as DescribeServices. */
  readonly operation: string;
  readonly input: Record<string, unknown>;
}

/** An answer, or an error by AWS's name for it. */
export type AwsAnswer = Record<string, unknown> | { readonly __type: string; readonly message?: string };

export interface FakeAws {
  readonly url: string;
  readonly asked: AskedOfAws[];
  /** Answers by operation, one after another; the last one for good. */
  answers: Record<string, AwsAnswer[]>;
  close(): Promise<void>;
}

async function startFakeAws(): Promise<FakeAws> {
  const asked: AskedOfAws[] = [];
  const fake = { asked, answers: {} as Record<string, AwsAnswer[]> };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const operation = String(request.headers["x-amz-target"]).split(".").at(-1) ?? "";
      const input = JSON.parse(Buffer.concat(chunks).toString() || "{}") as Record<string, unknown>;
      asked.push({ operation, input });
      const script = fake.answers[operation] ?? [{ __type: "UnknownOperationException" }];
      const answer = (script.length > 1 ? script.shift() : script[0]) ?? {};
      response.writeHead("__type" in answer ? 400 : 200, { "content-type": "application/x-amz-json-1.1" });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(fake, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** A fake of its own for each test of a file, which AWS's clients are led to. */
export function useFakeAws(): () => FakeAws {
  let aws: FakeAws | undefined;
  beforeEach(async () => {
    aws = await startFakeAws();
    vi.stubEnv("AWS_ENDPOINT_URL", aws.url);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "example");
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await aws?.close();
  });
  return () => {
    if (!aws) throw new Error("the fake is there during tests only");
    return aws;
  };
}
