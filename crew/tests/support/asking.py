"""A crew.py that asks two questions, the second one with the answer to the first in it."""

from pathlib import Path
from typing import Any

from crew_runtime.job.author_project import AuthorProject
from support.declarations import in_python
from support.jobs import project

_CODE = """
from crewai import Agent, Crew, Task
from crew_runtime.for_authors import ask_customer

def ask(inputs):
    colour = ask_customer("Which colour?")
    return {**inputs, "colour": colour, "size": ask_customer("Which size in " + colour + "?")}

def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.")
    task = Task(description="{topic} MARKER-{colour} MARKER-{size}", expected_output="Text", agent=cook)
    return Crew(agents=[cook], tasks=[task], before_kickoff_callbacks=[ask])
"""


def lay_code(folder: Path) -> AuthorProject:
    """Put crew.py where a runtime whose crew.json is in `folder` looks for it."""
    code = folder / "code" / "asks"
    code.mkdir(parents=True)
    (code / "crew.py").write_text(_CODE)
    return project(code)


def asks_twice() -> dict[str, Any]:
    return in_python(folder="code/asks")
