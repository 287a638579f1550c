"""Doors for other frameworks: LangChain's interfaces over the client."""
