"""Words and sentences of Chinese and English, the same on both sides of every comparison.

Pure functions over text: what the index stores, what a question asks for and what an answer is
checked against are cut by the same rules. Knows no document, no index and no model.
"""

# Stored with every analysed passage: another number means that passages are analysed again.
ANALYZER = 2
