/** An agent that runs somewhere already: registered while this stack has it, deregistered when it does not. */
import * as pulumi from "@pulumi/pulumi";
import { MasumiAgent, type Wallet } from "masumi-agents";

const config = new pulumi.Config();

const translator = new MasumiAgent("translator", {
  url: config.require("url"),
  name: "Translator",
  description: "Translates texts between English and German.",
  capability: { name: "translation", version: "1.0.0" },
  tags: ["translation", "german"],
  author: { name: "Example GmbH", contactEmail: "agents@example.com" },
  pricing: { fixed: ["2 ADA"] },
  wallet: config.requireObject<Wallet>("wallet"),
  sourceAddress: config.get("sourceAddress"),
});

export const { agentIdentifier, registrationId } = translator;
