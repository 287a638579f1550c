"""A set of questions to figures, through the same interface that people use.

A set is a folder with `corpus.jsonl` and `queries.jsonl` (either may be gzipped). Measures are
those of the field: nDCG, recall and MRR over documents; exact match and token F1 by SQuAD's
normalisation, Chinese by character; what is cited, and what is refused.
"""
