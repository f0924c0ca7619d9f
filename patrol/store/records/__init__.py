"""Tables of documents, journal, messages and photos."""
