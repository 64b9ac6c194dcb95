"""What stops the runtime from starting, and how it says so."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from conftest import StartRuntime
from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.declared.declaration import load_declaration
from crew_runtime.machine.environment import scrubbed
from crew_runtime.machine.settings import Settings
from support.declarations import declaration, one_task
from support.paid import FIXED
from support.runtime import OWN, SENTINEL_KEY, Runtime
from support.settings import GOOD

README = Path(__file__).parents[3] / "README.md"
FIXTURES = Path(__file__).parents[2] / "fixtures" / "declarations"

BAD_SETTINGS = [
    ("nothing set", dict.fromkeys(GOOD, ""), ["PORT", "DATA_DIR", "AGENT_DECLARATION", "AGENT_IDENTITY_FILE",
                                              "MODEL_API", "MODEL_KEY"]),
    ("identity from nowhere", {"AGENT_IDENTITY_FILE": ""}, ["AGENT_IDENTITY_FILE"]),
    ("parameter without its path", {"IDENTITY_SSM_PARAMETER": "identity"}, ["IDENTITY_SSM_PARAMETER"]),
    ("identifier not hexadecimal", {"AGENT_IDENTIFIER": "x", "AGENT_IDENTITY_FILE": ""}, ["AGENT_IDENTIFIER"]),
    ("looks without a pause", {"IDENTITY_POLL_SECONDS": "0"}, ["IDENTITY_POLL_SECONDS"]),
    ("port no number", {"PORT": "http"}, ["PORT"]),
    ("port too high", {"PORT": "65536"}, ["PORT"]),
    ("model without scheme", {"MODEL_API": "api.example.com/v1"}, ["MODEL_API"]),
    ("no slot for jobs", {"MAX_PARALLEL": "0"}, ["MAX_PARALLEL"]),
    ("negative queue", {"MAX_QUEUE": "-1"}, ["MAX_QUEUE"]),
    ("no time for jobs", {"JOB_TIMEOUT": "0"}, ["JOB_TIMEOUT"]),
    ("no time for answers", {"ASK_TIMEOUT": "0"}, ["ASK_TIMEOUT"]),
    ("payment service without scheme", {"PAYMENT_SERVICE_URL": "pay.example.com"}, ["PAYMENT_SERVICE_URL"]),
    ("wallet key of another length", {"SELLER_VKEY": "ab"}, ["SELLER_VKEY"]),
    ("unknown contract", {"PAYMENT_SOURCE_TYPE": "V3"}, ["PAYMENT_SOURCE_TYPE"]),
    ("unknown network", {"NETWORK": "preprod"}, ["NETWORK"]),
    ("less time than the service grants", {"SUBMIT_WITHIN": "899"}, ["SUBMIT_WITHIN"]),
    ("negative rate", {"START_RATE": "-1"}, ["START_RATE"]),
    ("no job for anybody", {"MAX_PER_CLIENT": "0"}, ["MAX_PER_CLIENT"]),
    ("proxies without end", {"PROXY_HOPS": "9"}, ["PROXY_HOPS"]),
    ("unknown hash", {"RESULT_HASH_RULE": "sdk"}, ["RESULT_HASH_RULE"]),
    ("internal port too high", {"INTERNAL_PORT": "65536"}, ["INTERNAL_PORT"]),
    ("several at once", {"PORT": "x", "MAX_PARALLEL": "y", "MAX_BODY": "1"}, ["PORT", "MAX_PARALLEL", "MAX_BODY"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "named"), [row[1:] for row in BAD_SETTINGS], ids=[row[0] for row in BAD_SETTINGS])
def test_every_wrong_setting_is_named_at_once_with_its_remedy(changes: dict[str, str], named: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment(GOOD | changes)
    assert [problem.split(":")[0] for problem in caught.value.problems] == named
    for name, problem in zip(named, caught.value.problems, strict=True):
        assert f"Set {name} to" in problem


@pytest.mark.parametrize("source", [{"IDENTITY_SSM_PARAMETER": "/a/b"}, {"AGENT_IDENTIFIER": "ab12"}], ids=str)
def test_an_identity_that_comes_from_elsewhere_needs_no_file(source: dict[str, str]) -> None:
    assert Settings.from_environment(GOOD | {"AGENT_IDENTITY_FILE": ""} | source).agent_identity_file is None


@pytest.mark.parametrize(
    ("value", "origins"),
    [("", ("*",)), ("none", ()), ("https://a.example, https://b.example", ("https://a.example", "https://b.example"))],
)
def test_origins_are_any_none_or_a_list(value: str, origins: tuple[str, ...]) -> None:
    assert Settings.from_environment(GOOD | {"CORS_ORIGINS": value}).cors_origins == origins


def test_the_readme_names_every_setting_and_no_other() -> None:
    rows = [
        line.partition("|")[2].partition("|")[0] for line in README.read_text().splitlines() if line.startswith("| `")
    ]
    named = [name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)]
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def test_settings_show_no_key() -> None:
    assert SENTINEL_KEY not in repr(Settings.from_environment(GOOD))


@pytest.mark.parametrize("folder", sorted(FIXTURES.iterdir()), ids=lambda folder: folder.name)
def test_a_wrong_declaration_is_complained_about_by_place_and_reason(folder: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_declaration(folder / "crew.json")
    actual = "\n".join(caught.value.problems) + "\n"
    expected = (folder / "problems.txt").read_text()
    if actual != expected:
        (folder / "problems.actual").write_text(actual)
    assert actual == expected


def test_a_missing_declaration_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be read .*Set AGENT_DECLARATION"):
        load_declaration(tmp_path / "crew.json")


def run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crew_runtime"],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_process_ends_with_2_and_lists_environment_and_declaration_together(tmp_path: Path) -> None:
    path = tmp_path / "crew.json"
    path.write_text(json.dumps(one_task("Research {subject}.")))
    ended = run({"AGENT_DECLARATION": str(path), "MODEL_KEY": SENTINEL_KEY, "PORT": "x"})
    assert (ended.returncode, ended.stdout) == (2, "")
    lines = ended.stderr.splitlines()
    assert lines[0] == "crew_runtime cannot serve the agent:"
    assert [line.split(":")[0] for line in lines[1:]] == [
        "- PORT", "- DATA_DIR", "- AGENT_IDENTITY_FILE", "- MODEL_API", "- crew.json"
    ]  # fmt: skip
    assert SENTINEL_KEY not in ended.stderr


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"NETWORK": "Mainnet"}, "NETWORK: the declaration is for Preprod"),
        ({"PAY_WITHIN": "3000", "SUBMIT_WITHIN": "3600"}, "SUBMIT_WITHIN: leaves no time for a job"),
        ({"PAY_WITHIN": "700", "SUBMIT_WITHIN": "1000", "SUBMIT_MARGIN": "0"}, "SUBMIT_WITHIN: leaves no time"),
        ({"DATABASE_URL": "postgresql://crew:secret@127.0.0.1:1/x"}, "DATABASE_URL: the database cannot be used"),
    ],
)
def test_settings_that_contradict_or_lead_nowhere_end_the_process(
    tmp_path: Path, environment: dict[str, str], named: str
) -> None:
    path = tmp_path / "crew.json"
    path.write_text(json.dumps(one_task()))
    given = {"AGENT_DECLARATION": str(path), "DATA_DIR": str(tmp_path), "MODEL_NAME": "m", "PORT": "0"}
    ended = run({**GOOD, **given, **environment})
    assert ended.returncode == 2
    assert named in ended.stderr
    assert "secret" not in ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows sessions in /proc")
def test_what_cannot_begin_leaves_no_process_that_loads_crewai(tmp_path: Path) -> None:
    """Its database is looked at when CrewAI has begun to load."""
    path = tmp_path / "crew.json"
    path.write_text(json.dumps(one_task()))
    given = {"AGENT_DECLARATION": str(path), "DATA_DIR": str(tmp_path), "MODEL_NAME": "m", "PORT": "0"}
    database = {"DATABASE_URL": "postgresql://crew:secret@127.0.0.1:1/x"}
    started = subprocess.Popen(
        [sys.executable, "-m", "crew_runtime"],
        env={**GOOD, **given, **database},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    seen: set[str] = set()
    while started.poll() is None:
        seen |= in_session(started.pid)
    assert any("fork_server" in command for command in seen)
    assert in_session(started.pid) == set()


def in_session(leader: int) -> set[str]:
    """The commands of the processes in a session."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((process / "stat").read_text().rpartition(")")[2].split()[3]) == leader:
                found.add((process / "cmdline").read_text())
    return found


HOUR = 3600
DUE = {"PAY_WITHIN": "600", "SETTLE_SECONDS": "60", "SUBMIT_MARGIN": "400"}


FREE: dict[str, object] = {"type": "free"}


@pytest.mark.parametrize(
    ("pricing", "environment", "told"),
    [
        (FIXED, {"JOB_TIMEOUT": str(24 * HOUR)}, ["86400", "40200", "89400"]),
        (FIXED, {**DUE, "JOB_TIMEOUT": "1000", "SUBMIT_WITHIN": "2059"}, ["1000", "999", "2060"]),
        (FIXED, {**DUE, "JOB_TIMEOUT": "1000", "SUBMIT_WITHIN": "1100"}, ["1000", "40", "2060"]),
        (FIXED, {**DUE, "JOB_TIMEOUT": "1000", "SUBMIT_WITHIN": "2060"}, []),
        (FIXED, {}, []),
        (FIXED, {"JOB_TIMEOUT": str(24 * HOUR), "SUBMIT_WITHIN": "89400"}, []),
        (FREE, {"JOB_TIMEOUT": str(24 * HOUR)}, []),
    ],
    ids=str,
)
def test_a_paid_job_is_promised_no_more_time_than_it_has_until_its_result_is_due(
    tmp_path: Path, pricing: Mapping[str, object], environment: dict[str, str], told: list[str]
) -> None:
    path = tmp_path / "crew.json"
    path.write_text(json.dumps({**one_task(), "pricing": pricing}))
    # A wrong setting besides, so that nothing is started.
    ended = run({**GOOD, "AGENT_DECLARATION": str(path), "MODEL_NAME": "m", "NETWORK": "Mainnet", **environment})
    assert ended.returncode == 2
    found = [line for line in ended.stderr.splitlines()[1:] if not line.startswith("- NETWORK")]
    assert [line.split(":")[0] for line in found] == ["- SUBMIT_WITHIN and JOB_TIMEOUT"] * bool(told)
    assert re.findall(r"\b(\d+)\b", " ".join(found))[: len(told)] == told


@pytest.mark.parametrize(
    ("declared", "environment", "starts"),
    [({}, {"MODEL_NAME": ""}, False), ({"name": "m"}, {"MODEL_NAME": ""}, True), ({}, {"MODEL_NAME": "m"}, True)],
)
def test_the_model_is_named_by_the_declaration_or_the_environment(
    start_runtime: StartRuntime, declared: dict[str, str], environment: dict[str, str], starts: bool
) -> None:
    runtime = start_runtime(declaration(model=declared), **environment)
    if starts:
        assert runtime.http.get("/healthz").status_code == 200
    else:
        assert runtime.exit_code() == 2
        assert "MODEL_NAME: is missing" in runtime.output


def test_a_port_that_is_taken_is_named_with_the_remedy(start_runtime: StartRuntime) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        runtime = start_runtime(PORT=str(taken.getsockname()[1]))
        assert runtime.exit_code() == 2
    assert "cannot listen on 127.0.0.1" in runtime.output
    assert "Set them to a free address." in runtime.output


def test_a_data_folder_that_cannot_be_used_is_named_with_the_remedy(
    start_runtime: StartRuntime, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    runtime = start_runtime(DATA_DIR=str(tmp_path / "file"))
    assert runtime.exit_code() == 2
    assert "Set DATA_DIR to a folder that this process may write to." in runtime.output


def test_a_crew_that_crewai_cannot_load_ends_the_process_with_the_reason(
    start_runtime: StartRuntime, tmp_path: Path
) -> None:
    (tmp_path / ".local").write_text("CrewAI wants a folder here when it is imported")
    runtime = start_runtime(fork_server=OWN, HOME=str(tmp_path))
    assert runtime.exit_code() == 2
    assert "the crew cannot be used" in runtime.output
    assert ".local" in runtime.output


def test_the_environment_of_crews_is_built_up_from_little(tmp_path: Path) -> None:
    secrets = ("AWS_SECRET_ACCESS_KEY", "DATABASE_URL", "MODEL_KEY", "OPENAI_API_KEY", "PAYMENT_KEY")
    machine = {"PATH": "/bin", "LANG": "C", **dict.fromkeys(secrets, "x")}
    kept = scrubbed(machine, home=tmp_path, temporary=tmp_path / "tmp")
    assert kept.keys() & machine.keys() == {"PATH", "LANG"}
    assert (kept["HOME"], kept["TMPDIR"]) == (str(tmp_path), str(tmp_path / "tmp"))
    assert kept["CREWAI_DISABLE_TELEMETRY"] == "true"
    assert kept["CREWAI_TRACING_ENABLED"] == "false"


def test_no_process_that_runs_crews_has_a_key_in_its_environment(runtime: Runtime) -> None:
    runtime.wait_until_ready()
    children = [
        path.parent
        for path in Path("/proc").glob("[0-9]*/stat")
        if path.read_text().rpartition(")")[2].split()[1] == str(runtime.process.pid)
    ]
    assert len(children) == 1, "the fork server"
    for child in children:
        try:
            names = {entry.partition("=")[0] for entry in (child / "environ").read_text().split("\0")}
        except PermissionError:
            continue  # hidden from every process of this user
        assert not {name for name in names if name.startswith(("MODEL_", "AGENT_"))}
