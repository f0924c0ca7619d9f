"""Language: texts in seven languages, and words for places."""
