"""Measurements against plain pipelines and peers, and the fitting of constants."""
