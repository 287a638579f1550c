"""The embedder beside sentence-transformers as it comes."""
