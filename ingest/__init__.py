"""The ingest side of Footnote: from a file to passages that can be found."""
