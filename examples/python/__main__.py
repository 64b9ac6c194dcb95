"""An agent that runs somewhere already: registered while this stack has it, deregistered when it does not."""

import pulumi
import pulumi_masumi as masumi

config = pulumi.Config()

translator = masumi.Agent(
    "translator",
    url=config.require("url"),
    name="Translator",
    description="Translates texts between English and German.",
    capability={"name": "translation", "version": "1.0.0"},
    tags=["translation", "german"],
    author={"name": "Example GmbH", "contact_email": "agents@example.com"},
    pricing={"fixed": ["2 ADA"]},
    wallet=config.require_object("wallet"),
    source_address=config.get("sourceAddress"),
)

pulumi.export("agentIdentifier", translator.agent_identifier)
pulumi.export("registrationId", translator.registration_id)
