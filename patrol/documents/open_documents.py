"""OpenDocuments: the newest version of each open document, in memory, read by all parts of a
node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from patrol.documents.document import Document, kind_of
from patrol.errors.errors import NotFound

P = TypeVar("P", bound=Document)


class OpenDocuments:
    """Documents by kind and id. Only the document service puts documents in."""

    def __init__(self) -> None:
        self._documents: dict[type[Document], dict[str, Document]] = {}

    def put(self, documents: Iterable[Document]) -> None:
        """Put in new versions; closed ones are taken out."""
        for document in documents:
            shelf = self._documents.setdefault(type(document), {})
            if document.is_closed:
                shelf.pop(document.id, None)
            else:
                shelf[document.id] = document

    def __iter__(self) -> Iterator[Document]:
        """Yield all open documents, kind by kind."""
        for shelf in tuple(self._documents.values()):
            yield from tuple(shelf.values())

    def all(self, kind: type[P]) -> Iterator[P]:
        """Yield the open documents of a kind, oldest first."""
        # What is asked for by its class is of that class.
        yield from tuple(self._documents.get(kind, {}).values())  # type: ignore[misc]

    def find(self, kind: type[P], id: str) -> P | None:
        """Return an open document; None if there is none of that kind and id."""
        return self._documents.get(kind, {}).get(id)  # type: ignore[return-value]

    def get(self, kind: type[P], id: str) -> P:
        """Return an open document.

        Raises:
            NotFound: If there is none of that kind and id.
        """
        found = self._documents.get(kind, {}).get(id)
        if found is None:
            raise NotFound(kind_of(kind), id)
        return found  # type: ignore[return-value]
