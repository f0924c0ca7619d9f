"""Registry of documents: every kind and every table of states, in one place."""
