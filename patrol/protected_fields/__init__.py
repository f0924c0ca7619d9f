"""Protected fields: encrypted words of a document for authorised readers, and their keys."""
