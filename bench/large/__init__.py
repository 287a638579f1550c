"""A whole service with very many passages."""
