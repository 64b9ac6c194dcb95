"""Declarations for the tests, as the deployment writes them."""

from typing import Any


def declaration(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """A free agent with two CrewAI agents, the second of which reads the first one's result."""
    return {
        "id": "researcher",
        "name": "Researcher",
        "description": "Researches a topic.",
        "network": "Preprod",
        "pricing": {"type": "free"},
        "input": [
            {"id": "topic", "type": "string", "name": "Topic", "validations": [{"validation": "min", "value": "2"}]},
            {
                "id": "tone",
                "type": "option",
                "name": "Tone",
                "data": {"values": ["plain", "formal"], "default": "plain"},
                "validations": [{"validation": "optional", "value": "true"}, {"validation": "max", "value": "1"}],
            },
        ],
        "crew": {
            "process": "sequential",
            "agents": {
                "researcher": {
                    "role": "Researcher",
                    "goal": "Find what matters in {topic}",
                    "backstory": 'You answer in the shape {"points": []}.',
                },
                "writer": {"role": "Writer", "goal": "Write well", "backstory": "You write in a {tone} tone."},
            },
            "tasks": [
                {
                    "name": "research",
                    "description": "Research {topic}.",
                    "expected_output": "Points",
                    "agent": "researcher",
                },
                {
                    "name": "write",
                    "description": "Write down what matters in {topic}.",
                    "expected_output": "A text",
                    "agent": "writer",
                    "context": ["research"],
                },
            ],
        },
        "model": {"temperature": 0.2, "maxTokens": 500},
        "exampleOutputs": [{"name": "Brief", "url": "https://example.com/brief.pdf", "mimeType": "application/pdf"}],
        **changes,
    }


def one_task(description: str = "Research {topic}.", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The same agent with one task, so that a job makes one model call."""
    full = declaration()
    task = {**full["crew"]["tasks"][0], "description": description, **changes}
    return {**full, "crew": {**full["crew"], "tasks": [task]}}


def in_python(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The same agent, with a crew.py in `code/abc` instead of a declared crew."""
    code = {"folder": "code/abc", "kind": "crew", "module": "crew", "paths": ["."], **changes}
    declared = declaration(code=code)
    del declared["crew"]
    return declared
