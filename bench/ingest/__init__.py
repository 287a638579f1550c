"""Ingest beside a plain LangChain pipeline."""
