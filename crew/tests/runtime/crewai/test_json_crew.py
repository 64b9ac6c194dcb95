"""A crew that its author defines in JSON is made by an entry point of the runtime's."""

import json
import os
import subprocess
import sys
from pathlib import Path

CREW = """{
  // two agents would be too many
  "name": "Answers",
  "agents": ["gardener"],
  "tasks": [{"name": "answer", "description": "Answer {question}", "expected_output": "Text", "agent": "gardener"}],
}"""
AGENT = '{"role": "Gardener", "goal": "Know {season}", "backstory": "You dig.", "tools": ["custom:almanac"]}'
TOOL = """
from crewai.tools import BaseTool

class Almanac(BaseTool):
    name: str = "almanac"
    description: str = "Tells when a plant is sown."

    def _run(self, plant: str) -> str:
        return plant
"""
PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
from crew_runtime.crewai.json_crew import crew
made = crew()
print(json.dumps([sorted(made.fetch_inputs()), [tool.name for tool in made.agents[0].tools]]))
"""


def test_it_has_its_agents_tasks_and_own_tools(tmp_path: Path) -> None:
    for path, text in (("crew.jsonc", CREW), ("agents/gardener.jsonc", AGENT), ("tools/almanac.py", TOOL)):
        file = tmp_path / "project" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    off = {"CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false", "OPENAI_API_KEY": "none"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "project")],
        env={**os.environ, **off, "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [["question", "season"], ["almanac"]]
