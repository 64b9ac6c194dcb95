/* node cli/pipeline/make-stack.ts <stack>: makes a stack of the real Pulumi CLI in its backend, unless it is there. For workflows. */
import { makeRealStack, openProject } from "../../stacks/index.ts";

await makeRealStack(openProject("."), process.argv[2] ?? "", { env: process.env });
