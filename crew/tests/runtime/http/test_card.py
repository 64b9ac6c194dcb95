"""The agent's card and its OpenAPI document, held against what their readers demand."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from crew_runtime.declared.declaration import Declaration
from crew_runtime.declared.input_values import InputError, read_input
from crew_runtime.declared.job_schema import job_schema
from crew_runtime.http.discovery.card import MIP_003, agent_card
from crew_runtime.http.discovery.openapi import LARGEST, openapi
from crew_runtime.http.discovery.x402 import x402_manifest
from support.declarations import declaration

URL = "https://agent.example.com/researcher"
OFFER = {"agentIdentifier": "ab01", "network": "Preprod", "pricing": {"pricingType": "Free"}}
LISTED = {
    "capability": {"name": "research", "version": "2.1.0"},
    "tags": ["markets"],
    "author": {"name": "Ada", "organization": "Example GmbH", "contactEmail": "ada@example.com"},
    "disclosure": "An AI does the work.",
}

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
# What the network's registry demands of a card.
REGISTRY = {
    "type": "object",
    "required": [
        "protocolVersions", "name", "description", "version", "supportedInterfaces", "capabilities",
        "defaultInputModes", "defaultOutputModes", "skills",
    ],
    "properties": {
        "protocolVersions": {**TEXTS, "minItems": 1},
        "name": TEXT,
        "description": TEXT,
        "version": TEXT,
        "supportedInterfaces": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["url", "protocolBinding", "protocolVersion"],
                "properties": {
                    "url": {**TEXT, "pattern": "^https://"},
                    "protocolBinding": {"enum": ["JSONRPC", "GRPC", "HTTP+JSON"]},
                },
            },
        },
        "capabilities": {
            "type": "object",
            "properties": {"streaming": {"type": "boolean"}, "pushNotifications": {"type": "boolean"}},
        },
        "defaultInputModes": {**TEXTS, "minItems": 1},
        "defaultOutputModes": {**TEXTS, "minItems": 1},
        "skills": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["id", "name", "description", "tags", "inputModes", "outputModes"],
                "properties": {"tags": TEXTS, "inputModes": TEXTS, "outputModes": TEXTS},
            },
        },
        "provider": {"required": ["organization", "url"], "properties": {"organization": TEXT, "url": TEXT}},
        "documentationUrl": TEXT,
    },
}  # fmt: skip


def declared(**changes: Any) -> Declaration:  # noqa: ANN401 - any JSON
    return Declaration.model_validate_json(json.dumps(declaration(**changes)))


@pytest.mark.parametrize("changes", [{}, LISTED], ids=["declared before there were cards", "with all that a card has"])
def test_a_card_is_what_the_registry_demands(changes: dict[str, Any]) -> None:
    card = agent_card(declared(**changes), URL, OFFER)
    Draft202012Validator(REGISTRY).validate(card)
    assert {one["protocolVersion"] for one in card["supportedInterfaces"]} == set(card["protocolVersions"])


def test_a_card_says_what_is_declared_and_where_it_is_asked() -> None:
    card = agent_card(declared(**LISTED), URL, OFFER)
    assert (card["version"], card["skills"][0]["id"], card["skills"][0]["tags"]) == ("2.1.0", "research", ["markets"])
    assert card["description"] == "Researches a topic. An AI does the work."
    assert card["provider"] == {"organization": "Example GmbH", "url": "mailto:ada@example.com"}
    assert {(one["url"], one["protocolBinding"]) for one in card["supportedInterfaces"]} == {(f"{URL}/a2a", "JSONRPC")}
    assert (card["url"], card["preferredTransport"], card["protocolVersion"]) == (f"{URL}/a2a", "JSONRPC", "0.3.0")
    assert card["capabilities"]["streaming"] is True
    extension = card["capabilities"]["extensions"][0]
    assert extension["uri"] == MIP_003
    assert extension["params"] == {**OFFER, "url": URL, "disclosure": "An AI does the work."}


def test_a_card_says_that_it_takes_a_text_where_a_text_makes_a_job() -> None:
    topic, tone = declaration()["input"]
    modes = {
        "one text": [topic, tone],
        "two texts": [topic, {**topic, "id": "reader"}, tone],
        "a text and a required number": [topic, tone, {"id": "n", "type": "number", "name": "N"}],
        "no text": [tone],
    }
    taken = {
        name: agent_card(declared(input=fields, crew={"agents": {}, "tasks": []}), URL, OFFER)["defaultInputModes"]
        for name, fields in modes.items()
    }
    both, alone = ["application/json", "text/plain"], ["application/json"]
    assert taken == {
        "one text": both, "two texts": alone, "a text and a required number": alone, "no text": alone,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("author", "url"),
    [
        ({"name": "Ada", "contactOther": "https://ada.example"}, "https://ada.example"),
        ({"name": "Ada", "contactOther": "call me"}, URL),
    ],
)
def test_a_provider_has_a_url(author: dict[str, str], url: str) -> None:
    assert agent_card(declared(author=author), URL, OFFER)["provider"] == {"organization": "Ada", "url": url}


def field(kind: str, data: dict[str, Any] | None = None, **rules: str) -> dict[str, Any]:
    validations = [{"validation": name, "value": value} for name, value in rules.items()]
    return {"id": "x", "type": kind, "name": "X", "data": data or {}, "validations": validations}


CHOICES = {"values": ["a", "b", "c"]}
FIELDS = [
    # field, what fits, what does not
    (field("string", min="2", max="3"), ["ab", "abc"], ["a", "abcd", 7]),
    (field("text", format="nonempty"), ["a"], [""]),
    (field("number", min="1", max="2.5"), [1, 2.5], [0, 3, True]),
    (field("number", format="integer"), [1], [1.5]),
    (field("range", {"min": 1, "max": 3}), [2], [0, 4]),
    (field("boolean"), [True], ["perhaps", 1]),
    (field("radio", CHOICES), ["a"], ["d"]),
    (field("option", CHOICES), ["a", ["a", "b"]], ["d", ["d"]]),
    (field("multiselect", CHOICES, min="2"), [["a", "b"]], ["a", ["a"]]),
    (field("color"), ["#1a73e8"], ["red"]),
    (field("month"), ["2026-12"], ["2026-13"]),
    (field("hidden", {"value": "v"}), ["v"], ["w"]),
    (field("file"), ["https://example.com/a.pdf", ["https://example.com/a.pdf"]], [7, [7]]),
]


@pytest.mark.parametrize(
    ("one", "fitting", "unfit"), FIELDS, ids=[f"{one['type']} {index}" for index, (one, _, _) in enumerate(FIELDS)]
)
def test_the_schema_of_a_job_takes_and_refuses_what_the_agent_does(
    one: dict[str, Any], fitting: list[object], unfit: list[object]
) -> None:
    fields = declared(input=[one], crew={"agents": {}, "tasks": []}).input
    validator = Draft202012Validator(job_schema(fields))
    for value in fitting:
        read_input(fields, {"x": value})
        assert validator.is_valid({"x": value}), value
    for value in unfit:
        with pytest.raises(InputError):
            read_input(fields, {"x": value})
        assert not validator.is_valid({"x": value}), value
    assert not validator.is_valid({"x": fitting[0], "y": 1})


def test_fields_that_may_be_left_out_are_not_required_and_those_without_a_value_not_there() -> None:
    fields = declared(input=[*declaration()["input"], {**field("none"), "id": "note"}]).input
    schema = job_schema(fields)
    assert schema["required"] == ["topic"]
    assert list(schema["properties"]) == ["topic", "tone"]
    assert schema["properties"]["tone"]["default"] == "plain"


def test_openapi_is_of_version_3_1_with_the_job_and_the_price() -> None:
    paid = declared(**LISTED, pricing={"type": "fixed", "prices": [{"amount": "5", "unit": ""}]})
    document = openapi(paid, URL, OFFER)
    assert document["openapi"].startswith("3.1.")
    assert document["info"] == {
        "title": "Researcher",
        "description": "Researches a topic.\n\nAn AI does the work.",
        "version": "2.1.0",
        "x-masumi": OFFER,
    }
    body = document["paths"]["/start_job"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["identifier_from_purchaser", "input_data"]
    assert body["properties"]["input_data"] == job_schema(paid.input)
    for operations in document["paths"].values():
        for operation in operations.values():
            for content in (operation.get("requestBody", {}), operation["responses"]["200"]):
                for media in content.get("content", {}).values():
                    Draft202012Validator.check_schema(media["schema"])


def test_openapi_is_never_larger_than_the_registry_keeps() -> None:
    large = {**field("option", {"values": [f"{number:06}ä" for number in range(40_000)]}), "id": "topic"}
    document = openapi(declared(input=[large, declaration()["input"][1]]), URL, OFFER)
    assert len(json.dumps(document, ensure_ascii=False).encode()) <= LARGEST


def test_without_a_public_url_the_server_is_where_the_document_is() -> None:
    assert openapi(declared(), None, OFFER)["servers"] == [{"url": "."}]


def test_a_manifest_names_what_can_be_called_and_no_price() -> None:
    paid = declared(**LISTED, listing="x402", pricing={"type": "fixed", "prices": [{"amount": "5", "unit": ""}]})
    manifest = x402_manifest(paid, URL)
    assert "5" not in json.dumps([{**one, "inputSchema": None} for one in manifest["resources"]])
    http, mcp = manifest["resources"]
    assert (http["resource"], http["type"]) == (f"{URL}/start_job", "http")
    assert (mcp["resource"], mcp["type"]) == (f"{URL}/mcp#researcher", "mcp")
    assert http["inputSchema"]["properties"]["input_data"] == mcp["inputSchema"] == job_schema(paid.input)
    assert http["inputSchema"]["required"] == ["identifier_from_purchaser", "input_data"]
    for one in (http, mcp):
        Draft202012Validator.check_schema(one["inputSchema"])
