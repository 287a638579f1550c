"""The query side of Footnote: from a question to an answer with footnotes."""
