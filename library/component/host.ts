/** Serves the library's components to Pulumi's engine, which starts this by PulumiPlugin.yaml. */
import { main } from "@pulumi/pulumi/provider/index.js";
import { ComponentProvider } from "./provider.ts";

await main(new ComponentProvider(), process.argv.slice(2));
