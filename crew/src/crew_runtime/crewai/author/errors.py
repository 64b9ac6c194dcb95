"""What is wrong with an author's project, in words for its author."""


class AuthorCodeError(Exception):
    """The project cannot be served as it is; the text says why and what to do, and holds nothing of a customer."""
