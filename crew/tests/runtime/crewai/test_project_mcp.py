"""MCP servers that a crew in Python names: their tools work, and one that does not is told before any job."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.jobs import author_code, outcome, refusal
from support.mcp_server import McpServer
from support.model import StubModel

CREW = """
from crewai import Agent, Crew, Task
from crewai.mcp import MCPServerHTTP, MCPServerStdio

def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.", mcps=[SERVER])
    text = '{topic}: call the tool TOOL with {"kind": "tin"}'
    return Crew(agents=[cook], tasks=[Task(description=text, expected_output="Text", agent=cook)])
"""
CLOSED = "127.0.0.1:9"


@pytest.fixture(scope="module")
def server() -> Iterator[McpServer]:
    started = McpServer()
    yield started
    started.close()


def test_an_agent_uses_the_tools_of_an_mcp_server(tmp_path: Path, model: StubModel, server: McpServer) -> None:
    tool = server.url.removeprefix("http://").replace(".", "_").replace(":", "_").replace("/mcp", "_mcp")
    source = CREW.replace("SERVER", f"MCPServerHTTP(url={server.url!r})").replace("TOOL", f"mcp_{tool}_count_pots")
    assert refusal(author_code(tmp_path, model.url, source)) == ""
    assert "(tool: MARKER-tin_pots)" in outcome(author_code(tmp_path, model.url, source))["result"]


UNUSABLE = [
    (f'MCPServerHTTP(url="http://{CLOSED}/mcp?key=secret")', f"the MCP server http://{CLOSED}/mcp cannot be used"),
    (f'"https://{CLOSED}/mcp?key=secret"', f"the MCP server https://{CLOSED}/mcp does not answer"),
    ('MCPServerStdio(command="no-such-program")', "the MCP server no-such-program cannot be used (FileNotFoundError)"),
    ('"notion"', "the MCP server notion is one of a CrewAI account"),
]


@pytest.mark.parametrize(("server", "reason"), UNUSABLE, ids=[row[1] for row in UNUSABLE])
def test_an_mcp_server_that_cannot_be_used_is_told_by_name_and_never_passed_over(
    tmp_path: Path, model: StubModel, server: str, reason: str
) -> None:
    source = CREW.replace("SERVER", server)
    told = refusal(author_code(tmp_path, model.url, source))
    assert reason in told
    assert "secret" not in told
    answer = outcome(author_code(tmp_path, model.url, source))
    assert reason in answer["detail"]
