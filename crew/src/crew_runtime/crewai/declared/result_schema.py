"""Results that are JSON of a declared schema."""

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from crewai.tasks.task_output import TaskOutput

_FENCED: Final = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n\s*```\s*", re.DOTALL)
_SHOWN: Final = 5


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
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schema)

    def check(output: "TaskOutput") -> tuple[bool, Any]:
        found = _FENCED.fullmatch(output.raw)
        try:
            value = json.loads(found[1] if found else output.raw)
        except ValueError as error:
            return False, f"The answer is not JSON: {error}"
        wrong = [f"{one.json_path}: {one.message}" for one in validator.iter_errors(value)]
        if wrong:
            return False, "The answer does not follow the schema: " + "; ".join(wrong[:_SHOWN])
        return True, json.dumps(value, ensure_ascii=False)

    return check
