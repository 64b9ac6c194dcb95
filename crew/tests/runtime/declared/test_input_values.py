"""What customers enter, field by field: what is taken, as which text, and what is refused why."""

import json
from typing import Any

import pytest

from crew_runtime.common.api_error import ApiError
from crew_runtime.declared.declaration import Declaration
from crew_runtime.declared.input_schema import InputField
from crew_runtime.declared.input_values import InputError, read_input, unreadable_rules
from crew_runtime.http.agent.job_request import read_job_request
from support.declarations import declaration

ABSENT = object()
OPTIONAL = ("optional", "true")
CHOICES = {"values": ["red", "green", "blue"]}


def field(kind: str, *rules: tuple[str, str], **data: object) -> InputField:
    validations = [{"validation": name, "value": value} for name, value in rules]
    return InputField.model_validate({"id": "it", "type": kind, "data": data, "validations": validations})


def read(declared: InputField, value: object) -> str:
    return read_input([declared], {} if value is ABSENT else {"it": value})["it"]


TAKEN = [
    (field("string"), "tea", "tea"),
    (field("string"), "", ""),
    (field("string", OPTIONAL), ABSENT, ""),
    (field("string", OPTIONAL), None, ""),
    (field("string", OPTIONAL, default="milk"), ABSENT, "milk"),
    (field("string", OPTIONAL, ("min", "3")), "", ""),
    (field("string", ("min", "3"), ("max", "3")), "tea", "tea"),
    (field("textarea", ("format", "nonempty")), "a\nb", "a\nb"),
    (field("email"), "a.b@example.co.uk", "a.b@example.co.uk"),
    (field("url"), "https://example.com/a?b=c", "https://example.com/a?b=c"),
    (field("tel", ("format", "tel-pattern")), "+1-234-567 8900", "+1-234-567 8900"),
    (field("tel", ("format", "tel_pattern")), "0123 (45)", "0123 (45)"),
    (field("tel"), "ask me", "ask me"),
    (field("number"), 5, "5"),
    (field("number"), 2.5, "2.5"),
    (field("number"), " 7 ", "7"),
    (field("number", ("min", "-1"), ("max", "1.5")), -1, "-1"),
    (field("number", ("format", "integer")), 5.0, "5.0"),
    (field("number", OPTIONAL, default="3"), "", "3"),
    (field("range", min="1", max="10"), 10, "10"),
    (field("boolean"), True, "true"),
    (field("boolean"), "false", "false"),
    (field("checkbox", OPTIONAL, default=True), ABSENT, "true"),
    (field("option", **CHOICES), "green", "green"),
    (field("option", **CHOICES), 0, "red"),
    (field("option", **CHOICES), [2, "red", "blue"], "blue, red"),
    (field("option", OPTIONAL, **CHOICES), [], ""),
    (field("option", OPTIONAL, **CHOICES), "", ""),
    (field("option", OPTIONAL, ("min", "1"), **CHOICES), [], ""),
    (field("option", OPTIONAL, ("min", "1"), **CHOICES), [""], ""),
    (field("option", OPTIONAL, default="blue", **CHOICES), [], "blue"),
    (field("option", ("min", "0"), **CHOICES), [], ""),
    (field("multiselect", OPTIONAL, ("min", "2"), **CHOICES), [], ""),
    (field("multiselect", ("min", "0"), ("max", "2"), **CHOICES), [], ""),
    (field("radio", OPTIONAL, **CHOICES), [], ""),
    (field("radio", OPTIONAL, **CHOICES), [None], ""),
    (field("multiselect", ("min", "2"), ("max", "2"), **CHOICES), [0, 1], "red, green"),
    (field("radio", **CHOICES), ["blue"], "blue"),
    (field("date"), "2026-02-28", "2026-02-28"),
    (field("date", ("max", "2026-02-28")), "2026-02-28T10:00:00.000Z", "2026-02-28T10:00:00.000Z"),
    (field("datetime-local", ("min", "2026-01-01T00:00")), "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    (field("time", ("min", "09:00"), ("max", "17:00")), "17:00", "17:00"),
    (field("month", ("max", "2026-12")), "2026-12", "2026-12"),
    (field("week", ("min", "2024-W01")), "2026-W53", "2026-W53"),
    (field("color"), "#1a73e8", "#1a73e8"),
    (field("file", ("max", "2")), ["https://a.example/1", "https://a.example/2"], '["https://a.example/1", "https://a.example/2"]'),
    (field("file"), "https://a.example/1", '["https://a.example/1"]'),
    (field("file", ("accept", ".txt, .pdf")), "data:;name=a.txt;base64,dGVh", '["data:;name=a.txt;base64,dGVh"]'),
    (field("file", OPTIONAL), [], ""),
    (field("file", OPTIONAL, ("min", "1")), [], ""),
    (field("file", OPTIONAL), "", ""),
    (field("file", OPTIONAL), [""], ""),
    (field("file", ("min", "0")), [], ""),
    (field("number", OPTIONAL), " ", ""),
    (field("checkbox", OPTIONAL), "", ""),
    (field("date", OPTIONAL, ("min", "2026-01-01")), "", ""),
    (field("color", OPTIONAL), "", ""),
    (field("email", OPTIONAL), "", ""),
    (field("hidden", value="v1"), ABSENT, "v1"),
    (field("hidden", value="v1"), "", "v1"),
    (field("hidden", value="v1"), "v1", "v1"),
    (field("none"), ABSENT, ""),
    (field("none"), "anything", ""),
]  # fmt: skip

REFUSED = [
    (field("string"), ABSENT, "is required"),
    (field("string"), None, "is required"),
    (field("string", ("optional", "false")), ABSENT, "is required"),
    (field("number"), "", "is required"),
    (field("string"), 5, "must be a text"),
    (field("string"), ["tea"], "must be a text"),
    (field("string", ("min", "3")), "te", "must have at least 3 characters"),
    (field("string", ("max", "5"), ("max", "3")), "teas", "must have at most 3 characters"),
    (field("text", ("format", "nonempty")), " \n", "must not be empty"),
    (field("string", ("format", "email")), "a@b", "must be an e-mail address"),
    (field("email"), "a@b.", "must be an e-mail address"),
    (field("email"), "a@" + "b." * 200_000, "must be an e-mail address"),
    (field("url"), "ftp://example.com", "must be an http or https URL"),
    (field("url"), "javascript:alert(1)", "must be an http or https URL"),
    (field("url"), "https://exa mple.com", "must be an http or https URL"),
    (field("url"), "http://[", "must be an http or https URL"),
    (field("tel", ("format", "tel-pattern")), "12", "must be a telephone number"),
    (field("number"), True, "must be a number"),
    (field("number"), "five", "must be a number"),
    (field("number"), "1_000", "must be a number"),
    (field("number"), "nan", "must be a number"),
    (field("number"), "1e999", "must be a finite number"),
    (field("number"), [1], "must be a number"),
    (field("number", ("min", "1")), 0.5, "must be at least 1"),
    (field("number", ("format", "integer")), 1.5, "must be a whole number"),
    (field("range", min="1", max="10"), 11, "must be at most 10"),
    (field("boolean"), 1, "must be true or false"),
    (field("boolean"), "yes", "must be true or false"),
    (field("boolean"), [True], "must be true or false"),
    (field("option", **CHOICES), "pink", "must be chosen from red, green, blue"),
    (field("option", **CHOICES), 3, "must be chosen from"),
    (field("option", **CHOICES), -1, "must be chosen from"),
    (field("option", **CHOICES), True, "must be chosen from"),
    (field("option", **CHOICES), [["red"]], "must be chosen from"),
    (field("option", **CHOICES), [], "is required"),
    (field("option", ("min", "1"), **CHOICES), [], "is required"),
    (field("option", ("min", "0"), **CHOICES), ABSENT, "is required"),
    (field("option", ("min", "0"), **CHOICES), "", "is required"),
    (field("option", OPTIONAL, **CHOICES), ["", "red"], "must be chosen from"),
    (field("radio", **CHOICES), [], "is required"),
    (field("file"), [], "is required"),
    (field("file", OPTIONAL), ["", "https://a.example/1"], "must be the https URL"),
    (field("string", OPTIONAL), [], "must be a text"),
    (field("number", OPTIONAL), [], "must be a number"),
    (field("option", **CHOICES), [0, 1, 2, 0], "must name each choice once"),
    (field("option", ("max", "1"), **CHOICES), [0, 1], "must have at most 1 choices"),
    (field("multiselect", ("min", "2"), **CHOICES), ["red", "red"], "must have at least 2 choices"),
    (field("radio", **CHOICES), ["red", "green"], "must be one choice"),
    (field("date"), "2026-02-30", "must be a date such as"),
    (field("date", ("min", "2026-03-01")), "2026-02-28", "must not be before 2026-03-01"),
    (field("datetime-local"), "soon", "must be a date and time such as"),
    (field("time", ("max", "17:00")), "17:01", "must not be after 17:00"),
    (field("month"), "2026-13", "must be a month such as"),
    (field("week"), "2025-W53", "must be a week such as"),
    (field("color"), "blue", "must be a colour such as"),
    (field("file"), "report.pdf", "must be the https URL"),
    (field("file"), "http://a.example/1", "must be the https URL"),
    (field("file"), "data:text/plain;base64,tea?", "must be the https URL"),
    (field("file"), "data:text/plain", "must be the https URL"),
    (field("file", ("accept", ".pdf,image/*")), "data:;base64,dGVh", "must be a file of the type .pdf,image/*"),
    (field("file", ("max", "1")), ["https://a.example/1", "https://a.example/2"], "must have at most 1 files"),
    (field("hidden", value="v1"), "v2", "is a hidden field"),
    (field("none"), [[1.5]], "takes no value"),
    (field("none"), {}, "takes no value"),
]  # fmt: skip


def asking_for(*fields: InputField) -> Declaration:
    """A free agent with these fields."""
    inputs = [one.model_dump() for one in fields]
    crew: dict[str, Any] = {"agents": {}, "tasks": []}
    return Declaration.model_validate_json(json.dumps({**declaration(crew=crew), "input": inputs}))


def name_of(value: object) -> str:
    if isinstance(value, InputField):
        rules = [f"{rule.validation}={rule.value}" for rule in value.validations]
        return " ".join([value.type, *rules, *map(str, value.data)])
    return "absent" if value is ABSENT else repr(value)[:50]


@pytest.mark.parametrize(("declared", "value", "text"), TAKEN, ids=name_of)
def test_takes_and_gives_the_crew_a_text(declared: InputField, value: object, text: str) -> None:
    assert read(declared, value) == text


@pytest.mark.parametrize(("declared", "value", "reason"), REFUSED, ids=name_of)
def test_refuses_with_the_reason_and_without_the_value(declared: InputField, value: object, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read(declared, value)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(f"it: {reason}")


def test_names_all_fields_that_do_not_fit() -> None:
    fields = [field("number"), InputField(id="other", type="string")]
    with pytest.raises(InputError) as caught:
        read_input(fields, {"it": "x", "third": 1})
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["third", "it", "other"]


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        (field("string", ("min", "x")), "min x cannot be read"),
        (field("number", ("max", "much")), "max much cannot be read"),
        (field("date", ("min", "yesterday")), "min yesterday cannot be read"),
        (field("boolean", ("min", "1")), "min has no meaning"),
        (field("string", ("format", "iban")), "format iban is not known"),
    ],
    ids=name_of,
)
def test_a_rule_that_could_not_be_checked_is_found_before_a_customer_comes(declared: InputField, problem: str) -> None:
    (found,) = unreadable_rules(declared)
    assert problem in found


def test_a_number_that_has_no_canonical_form_is_refused_before_it_is_hashed() -> None:
    with pytest.raises(ApiError) as caught:
        read_job_request(asking_for(field("number")), {"input_data": {"it": 2**60}})
    assert caught.value.status == 400
    assert "beyond 2^53" in str(caught.value.body["problems"])


WIRE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"id": "a", "type": "text"}, {"id": "a", "type": "text", "name": "a"}),
    ({"id": "a", "type": "checkbox", "name": "A"}, {"id": "a", "type": "checkbox", "name": "A", "data": {}}),
    (
        {"id": "a", "type": "tel", "name": "A", "validations": [{"validation": "format", "value": "tel-pattern"}]},
        {"id": "a", "type": "tel", "name": "A", "validations": [{"validation": "format", "value": "tel_pattern"}]},
    ),
    (
        {"id": "a", "type": "number", "name": "A", "validations": [{"validation": "optional", "value": True}]},
        {"id": "a", "type": "number", "name": "A", "validations": [{"validation": "optional", "value": "true"}]},
    ),
]


@pytest.mark.parametrize(("declared", "wire"), WIRE)
def test_is_spelt_as_the_marketplace_reads_it(declared: dict[str, Any], wire: dict[str, Any]) -> None:
    assert InputField.model_validate(declared).to_wire() == wire
