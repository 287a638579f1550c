"""Vector search: Footnote's index beside FAISS as it comes."""
