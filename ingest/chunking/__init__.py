"""From canonical text to passages by structure: sections, sentences, tables with their headers.

Every passage is an exact slice of the canonical text; passages follow one another without overlap.
"""
