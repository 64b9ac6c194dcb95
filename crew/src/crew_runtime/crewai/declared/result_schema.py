"""Results that are JSON of a declared schema."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crew_runtime.job.json_result import read_as

if TYPE_CHECKING:
    from crewai.tasks.task_output import TaskOutput


def with_schemas(crew: dict[str, Any], inputs: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Tell the model the schema of each task that has one, by an input: CrewAI leaves the braces in inputs alone."""
    tasks: list[dict[str, Any]] = []
    told: dict[str, str] = {}
    for number, task in enumerate(crew["tasks"]):
        if "output_json" in task:
            name = f"_schema_{number}"
            schema = json.dumps(task["output_json"], ensure_ascii=False)
            told[name] = f"The answer is JSON and nothing else. It follows this JSON Schema:\n{schema}"
            task = {**task, "expected_output": f"{task['expected_output']}\n\n{{{name}}}"}  # noqa: PLW2901
        tasks.append(task)
    return {**crew, "tasks": tasks}, {**inputs, **told}


def json_guardrail(schema: dict[str, Any]) -> "Callable[[TaskOutput], tuple[bool, Any]]":
    """Return a guardrail that accepts JSON of this schema, and otherwise tells the model what is wrong."""

    def check(output: "TaskOutput") -> tuple[bool, Any]:
        return read_as(schema, output.raw)

    return check
