"""The tools that declared crews may use do what they say, and nothing else."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from crew_runtime.tools.calculate import calculate
from crew_runtime.tools.egress import MAX_BYTES, Egress, EgressError
from crew_runtime.tools.fetch_page import MAX_CHARACTERS, page_fetcher, text_of
from support.server import Server

EXPRESSIONS = [
    ("1 + 2 * 3", "7"),
    ("(1200 - 300) * 0.19", "171.0"),
    ("-2 ** 2 + 10 // 3 % 2", "-3"),
    ("round(sqrt(2), 3)", "1.414"),
    ("round(2.6) + round(1234, -2)", "1203"),
    ("max(1, 2.5, abs(-3))", "3"),
]


@pytest.mark.parametrize(("expression", "value"), EXPRESSIONS)
def test_arithmetic_is_worked_out(expression: str, value: str) -> None:
    assert calculate(expression) == value


NO_ARITHMETIC = [
    "__import__('os').system('id')", "().__class__", "x", "lambda: 1", "[1][0]", "'a' * 9", "True + 1", "1 if 1 else 2",
    "9 ** 9 ** 9", "2 ** 101", "1e99 * 1e99", "1 / 0", "(-1) ** 0.5", "sqrt(-1)", "max()", "round(x=1)", "print(1)",
    "1; 2", "", "(" * 400, "1" * 501, "round(5, -99999999)", "round(5, 0.5)", "round(1, 2, 3)",
]  # fmt: skip


@pytest.mark.parametrize("expression", NO_ARITHMETIC)
def test_anything_else_is_refused(expression: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        calculate(expression)


PAGE = """<!doctype html><html><head><title>No</title><script>no()</script></head><body><nav>Menu</nav>
<h1>Kettles &amp; cups</h1><p>They <b>boil</b>
water.</p><script>no("</p>")</script><ul><li>brass<li>steel</ul></body></html>"""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            answers = {
                "/page": (200, "text/html; charset=utf-8", PAGE.encode()),
                "/data": (200, "application/json", b'{"kettles": 3}'),
                "/long": (200, "text/plain", b"x" * (MAX_CHARACTERS + 1)),
                "/huge": (200, "text/plain", bytes(MAX_BYTES + 1)),
                "/picture": (200, "image/png", b"png"),
                "/missing": (404, "text/plain", b"no"),
            }
            redirects = {
                "/moved": "/page",
                "/away": "http://other.example.com/",
                "/loop": "/loop",
                "/file": "file:///etc",
            }
            if self.path in redirects:
                self.send_response(302)
                self.send_header("Location", redirects[self.path])
                self.end_headers()
                return
            status, media_type, body = answers[self.path]
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.end_headers()
            self.wfile.write(body)

    server = Server(Handler)
    yield f"http://localhost:{server.port}"
    server.close()


def fetch(url: str, *hosts: str) -> str:
    return page_fetcher(Egress(hosts or ("localhost",), is_allowed=lambda _: True, ports=range(65536)))(url)


READ = [
    ("/page", "Menu\nKettles & cups\nThey boil\nwater.\nbrass\nsteel"),
    ("/moved", "Menu\nKettles & cups\nThey boil\nwater.\nbrass\nsteel"),
    ("/data", '{"kettles": 3}'),
    ("/long", "x" * MAX_CHARACTERS + "\n[cut off here]"),
]


@pytest.mark.parametrize(("path", "text"), READ, ids=[row[0] for row in READ])
def test_a_page_is_given_as_its_text(site: str, path: str, text: str) -> None:
    assert fetch(site + path) == text


REFUSED = [
    ("/away", "other.example.com is not one of the hosts"),
    ("/loop", "redirects more than 3 times"),
    ("/file", "not an http or https URL"),
    ("/huge", "more than 2 MiB"),
    ("/picture", "image/png cannot be read as text"),
    ("/missing", "status 404"),
]


@pytest.mark.parametrize(("path", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_page_that_cannot_be_given_is_an_error_with_the_reason(site: str, path: str, reason: str) -> None:
    with pytest.raises(EgressError, match=reason):
        fetch(site + path)


NOT_ASKED = [
    ("https://docs.example.com.evil.net/", "not one of the hosts"),
    ("https://evil.net/?docs.example.com", "not one of the hosts"),
    ("https://docs.example.com@evil.net/", "without a password"),
    ("https://example.org/", "not one of the hosts"),
    ("ftp://docs.example.com/", "not an http or https URL"),
    ("file:///etc/passwd", "not an http or https URL"),
    ("//docs.example.com/", "not an http or https URL"),
    ("https://docs.example.com:port/", "not a URL"),
    ("http://[::1", "not a URL"),
    ("nonsense", "not an http or https URL"),
]


@pytest.mark.parametrize(("url", "reason"), NOT_ASKED, ids=[row[0] for row in NOT_ASKED])
def test_what_is_not_named_is_not_asked(url: str, reason: str) -> None:
    with pytest.raises(EgressError, match=reason):
        fetch(url, "docs.example.com", "*.example.org")


@pytest.mark.parametrize("port", [22, 6379, 8080, 5432])
def test_a_service_that_is_none_of_the_webs_is_not_asked(port: int) -> None:
    with pytest.raises(EgressError, match=f"port {port} is none of the web's"):
        Egress(["docs.example.com"], is_allowed=lambda _: True).get(f"http://docs.example.com:{port}/")


def test_a_name_that_leads_into_the_private_network_is_refused(site: str) -> None:
    with pytest.raises(EgressError, match=r"localhost resolves to .* not a public address"):
        Egress(["localhost"], ports=range(65536)).get(f"{site}/page")


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(EgressError, match=r"cannot be reached \(ConnectError\)"):
        fetch("http://localhost:1/")


def test_a_broken_page_is_read_as_far_as_it_goes() -> None:
    assert text_of("<head><title>t<body>One<p>Two<script>three") == "One\nTwo"
