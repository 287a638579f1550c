"""The words of Chinese: jieba's dictionary, read by us."""

import logging

import jieba


def opened_segmenter() -> jieba.Tokenizer:
    """Return what cuts Chinese into words, its dictionary read.

    jieba would keep it, as it has read it, by `marshal` in the folder for temporary files, and take
    it from there at the next start, whoever put it there: that takes a second, and this 0.6.
    """
    jieba.setLogLevel(logging.WARNING)
    segmenter = jieba.Tokenizer()
    with segmenter.get_dict_file() as opened:
        segmenter.FREQ, segmenter.total = dictionary(opened.read().decode())
    segmenter.initialized = True
    return segmenter


def dictionary(text: str) -> tuple[dict[str, int], int]:
    """Return how often each word of jieba's *text* was counted, and the sum.

    A line is a word, its count, and what kind of word it is. As jieba wants it, what words begin
    with is in it too, with a count of 0.
    """
    fields = text.split()
    words, counts = fields[::3], list(map(int, fields[1::3]))
    longer, beginnings = words, set[str]()
    for length in range(1, max(map(len, words), default=0)):
        longer = [word for word in longer if len(word) > length]
        beginnings.update([word[:length] for word in longer])
    found = dict.fromkeys(beginnings, 0)
    found.update(zip(words, counts, strict=True))
    return found, sum(counts)
