"""The tool that fetches the text of a web page."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Final

from crew_runtime.tools.egress import Egress, EgressError

MAX_CHARACTERS: Final = 20_000
_SILENT: Final = frozenset({"head", "script", "style", "template", "noscript", "svg"})
_BREAKS: Final = re.compile(
    "address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|"
    "section|table|td|th|tr|ul"
)
_BLANKS: Final = re.compile(r"[^\S\n]+")
_EMPTY_LINES: Final = re.compile(r"\s*\n\s*")


def page_fetcher(egress: Egress) -> Callable[[str], str]:
    """Return the tool for the hosts that a declaration names."""

    def fetch_page(url: str) -> str:
        """Fetch a web page and return its text. Only certain hosts can be asked; the error names them."""
        answer = egress.get(url)
        if answer.media_type in ("text/html", "application/xhtml+xml"):
            text = text_of(answer.body.decode("utf-8", "replace"))
        elif answer.media_type.startswith("text/") or answer.media_type == "application/json":
            text = answer.body.decode("utf-8", "replace")
        else:
            raise EgressError(f"{answer.media_type or 'content without a media type'} cannot be read as text")
        return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}\n[cut off here]"

    return fetch_page


def text_of(page: str) -> str:
    """Return the visible text of an HTML page, a line for each block."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return _EMPTY_LINES.sub("\n", _BLANKS.sub(" ", "".join(reader.pieces))).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - as inherited
        if tag in _SILENT:
            self._silent.append(tag)
        elif tag == "body":
            self._silent.clear()  # a head that nobody closed ends here
        elif _BREAKS.fullmatch(tag):
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        elif _BREAKS.fullmatch(tag):
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data)
