"""Files of customers get into the job's own folder, or the job fails with the reason and nothing of the input."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from conftest import StartRuntime
from crew_runtime.files.customer_files import accepts, name_of, name_of_link, read_data_url
from crew_runtime.files.received_files import MAX_CHARACTERS, CustomerFileError, egress_for_files, receive, texts_of
from crew_runtime.tools.egress import Answer, EgressError
from support.declarations import one_task
from support.documents import pdf
from support.jobs import job_spec, outcome, project
from support.model import StubModel
from support.waiting import wait_for


def data_url(content: bytes, name: str = "", media_type: str = "text/plain") -> str:
    named = f";name={name}" if name else ""
    return f"data:{media_type}{named};base64,{base64.b64encode(content).decode()}"


NAMES = [
    ("report.pdf", "", "report.pdf"),
    ("../../etc/passwd", "", "passwd"),
    ("C:\\Users\\me\\Bericht März.pdf", "", "Bericht_M_rz.pdf"),
    (".bashrc", "text/plain", "bashrc.txt"),
    ("server.log", "text/plain", "server.log.txt"),
    ("", "application/pdf", "file.pdf"),
    ("..", "", "file"),
    ("a" * 200 + ".pdf", "", "a" * 76 + ".pdf"),
    ("data", "application/zip", "data"),
]


@pytest.mark.parametrize(("text", "media_type", "name"), NAMES)
def test_names_are_safe_in_a_folder_and_tell_the_type(text: str, media_type: str, name: str) -> None:
    assert name_of(text, media_type) == name


def test_a_data_url_holds_its_file_and_a_link_is_called_by_its_path() -> None:
    found = read_data_url("data:application/pdf;name=My%20brief.pdf;base64,dGVh")
    assert (found.name, found.media_type, found.content) == ("My_brief.pdf", "application/pdf", b"tea")
    assert read_data_url("data:,tea%20time").content == b"tea time"
    assert name_of_link("https://files.example/up/%2e%2e%2fx/Brief.PDF?token=1#2") == "Brief.PDF"


ACCEPTED = [
    ([".pdf"], "a.PDF", "", True),
    ([".pdf,.txt"], "a", "application/pdf", True),
    ([".pdf"], "a.txt", "text/plain", False),
    (["image/*"], "a.png", "image/png", True),
    (["image/*", ".png"], "a.jpg", "image/jpeg", False),
    (["application/pdf"], "a.pdf", "", True),
    ([], "a.exe", "", True),
]


@pytest.mark.parametrize(("rules", "name", "media_type", "fits"), ACCEPTED)
def test_accept_is_read_as_html_has_it(rules: list[str], name: str, media_type: str, fits: bool) -> None:
    assert accepts(rules, name, media_type) is fits


class Server:
    """Gives one answer to everything, and keeps what it was asked."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def get(self, url: str) -> Answer:
        self.asked.append(url)
        if self.answer is None:
            raise EgressError("secret.example leads to 10.0.0.1")
        return self.answer


def test_linked_files_and_files_in_data_urls_become_text(tmp_path: Path) -> None:
    server = Server(Answer("application/pdf", pdf("Kettles boil.")))
    urls = ["https://files.example/brief", data_url(b"Cups hold tea.", "notes.txt")]
    placed = receive({"brief": (), "extra": ()}, {"brief": json.dumps(urls), "extra": ""}, tmp_path, server)
    assert [str(file.relative_to(tmp_path)) for file in placed["brief"]] == [
        "input/brief/1-brief.pdf",
        "input/brief/2-notes.txt",
    ]
    assert texts_of(placed) == {"brief": "[brief.pdf]\nKettles boil.\n\n[notes.txt]\nCups hold tea.", "extra": ""}


LONG = b"tea " * (MAX_CHARACTERS // 4 + 1)
WRONG: list[tuple[str, list[str], Answer | None, list[str], str]] = [
    ("not there", ["https://secret.example/x.pdf"], None, [], "brief: file 1 cannot be fetched"),
    (
        "not accepted",
        ["https://a.example/x"],
        Answer("text/html", b"<p>"),
        [".pdf"],
        "a type that the field does not accept",
    ),
    ("not readable", [data_url(b"PK", "a.docx", "application/zip")], None, [], "a type that cannot be read as text"),
    ("broken", [data_url(b"nonsense", "a.pdf", "application/pdf")], None, [], "cannot be read as the type that it has"),
    ("too long", [data_url(LONG)], None, [], f"more than {MAX_CHARACTERS} characters"),
    ("too many", [data_url(b"tea")] * 11, None, [], "has more than 10 files"),
]


@pytest.mark.parametrize(
    ("urls", "answer", "rules", "reason"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_cannot_be_used_is_told_without_anything_of_the_input(
    tmp_path: Path, urls: list[str], answer: Answer | None, rules: list[str], reason: str
) -> None:
    with pytest.raises(CustomerFileError, match=reason) as told:
        texts_of(receive({"brief": rules}, {"brief": json.dumps(urls)}, tmp_path, Server(answer)))
    assert "example" not in str(told.value)


UNREACHABLE = [
    "http://93.184.216.34/x",
    "https://127.0.0.1/x",
    "https://localhost/x",
    "https://169.254.170.2/v2",
    "https://[::1]/x",
]


@pytest.mark.parametrize("url", UNREACHABLE)
def test_files_come_by_https_from_the_public_network_alone(url: str) -> None:
    with pytest.raises(EgressError, match=r"not an https URL|is not a public address"):
        egress_for_files().get(url)


FIELD = {"id": "brief", "type": "file", "name": "Brief", "data": {"outputFormat": "url"}}


def declared_with_file(**rules: str) -> dict[str, Any]:
    validations = [{"validation": name, "value": value} for name, value in rules.items()]
    task = one_task("Sum up: {brief}")
    return {**task, "input": [{**FIELD, "validations": validations}, *task["input"]]}


def test_a_declared_crew_gets_the_text_of_the_customers_file(start_runtime: StartRuntime, model: StubModel) -> None:
    runtime = start_runtime(declared_with_file(accept=".pdf,.txt", max="2"))
    runtime.identify()
    begun = len(model.requests)
    job_id = runtime.start_job("tea", brief=data_url(pdf("MARKER-customer boils {topic}."), "b.pdf", "application/pdf"))
    assert runtime.ended(job_id)["status"] == "completed"
    prompt = next(str(one["body"]["messages"]) for one in model.requests[begun:] if "messages" in one["body"])
    assert "Sum up: [b.pdf]" in prompt
    assert "MARKER-customer boils {topic}." in prompt
    wait_for(lambda: not list((runtime.data / "work").iterdir()))

    failed = runtime.ended(runtime.start_job("tea", brief="https://127.0.0.1/sentinel.pdf"))
    assert (failed["status"], failed["error"]) == ("failed", "FILE_UNUSABLE")
    assert "sentinel" not in runtime.output
    assert "brief: file 1 cannot be fetched" in runtime.output

    refused = runtime.http.post(
        "/start_job", json={"input_data": {"topic": "tea", "brief": data_url(b"<p>", "a.html", "text/html")}}
    )
    assert (refused.status_code, refused.json()["problems"]) == (400, ["brief: must be a file of the type .pdf,.txt"])


CODE = """
from crewai import Agent, Crew, Task
from crew_runtime.for_authors import customer_files, model

def crew():
    (file,) = customer_files("brief")
    agent = Agent(role="R", goal="G", backstory="B", llm=model())
    what = f"{file.name} has {len(file.read_bytes())} bytes: {{brief}}"
    task = Task(description=what, expected_output="A", agent=agent)
    return Crew(agents=[agent], tasks=[task])
"""


def test_a_crew_in_python_gets_the_files_themselves(tmp_path: Path, model: StubModel) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "crew.py").write_text(CODE)
    begun = len(model.requests)
    brief = json.dumps([data_url(b"\x00\x01", "a.bin", "application/octet-stream")])
    of = job_spec(tmp_path, one_task(), model.url, code=project(code), files={"brief": ()}, inputs={"brief": brief})
    assert "result" in outcome(of)
    prompt = str(model.requests[begun]["body"]["messages"])
    assert "1-a.bin has 2 bytes: " in prompt
    assert str(of.folder / "input" / "brief" / "1-a.bin") in prompt
