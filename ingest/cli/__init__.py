"""The command line: a file a group of commands over one way of showing results."""
