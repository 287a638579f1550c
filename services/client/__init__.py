"""A Python client of the HTTP interface; the command line is its first user."""
