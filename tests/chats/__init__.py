"""Chat platforms on this machine, for tests: their real wire formats over HTTP and WebSocket."""
