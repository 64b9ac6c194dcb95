// Asks an agent by the official MCP client for JavaScript: {"url", "mode", "calls", "answers"} in, what was told out.
// `answers` are what the user says to the questions that the client puts; without them the client cannot ask.
import { text } from "node:stream/consumers";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const { url, mode, calls, answers } = JSON.parse(await text(process.stdin));
const asked = [];
const client = new Client(
  { name: "test", version: "1.0.0" },
  { versionNegotiation: { mode }, capabilities: answers ? { elicitation: { form: {} } } : {} },
);
if (answers) {
  const left = answers.values();
  client.setRequestHandler("elicitation/create", ({ params }) => {
    asked.push(params);
    const { value: answer } = left.next();
    return answer === null ? { action: "decline" } : { action: "accept", content: { answer } };
  });
}
await client.connect(new StreamableHTTPClientTransport(new URL(url)));
const { tools } = await client.listTools();
const results = [];
for (const { name, arguments: given } of calls) {
  const job = results.at(-1)?.structuredContent?.job_id;
  const entries = Object.entries(given).map(([key, value]) => [key, value === "$job_id" ? job : value]);
  results.push(await client.callTool({ name, arguments: Object.fromEntries(entries) }));
}
const told = {
  version: client.getNegotiatedProtocolVersion(),
  server: client.getServerVersion(),
  tools,
  results,
  asked,
};
await client.close();
console.log(JSON.stringify(told));
