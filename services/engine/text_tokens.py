"""What an embedder's tokenizer says of texts, beside the model that cuts them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from tokenizers import Tokenizer

from services.engine import Embedded
from services.engine.bert_shape import BertShape

_T = TypeVar("_T")


class TextTokens:
    """Counts and places tokens; a text beyond *most* of them is cut as models cut: its last mark
    stays.
    """

    def __init__(self, tokenizer: Tokenizer, most: int) -> None:
        self._tokenizer = tokenizer
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._most = most

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers that the model reads of each text, with the marks at its ends."""
        return [self._cut(one.ids) for one in self._tokenizer.encode_batch(list(texts))]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the characters of each of them; (0, 0) for marks."""
        return self._cut(self._tokenizer.encode(text).offsets)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, uncut and without marks."""
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [len(one.ids) for one in encoded]

    def without_marks(self, question: Embedded, text: str) -> Embedded:
        """Return an embedded *text* with the spans of its tokens, and none for marks."""
        if not len(question.tokens):
            return question
        spans = self.spans(text)
        kept = [i for i, (start, end) in enumerate(spans) if end > start]
        return Embedded(question.vector, question.tokens[kept], tuple(spans[i] for i in kept))

    def _cut(self, row: list[_T]) -> list[_T]:
        return row if len(row) <= self._most else [*row[: self._most - 1], row[-1]]


def tokens_of(folder: Path, shape: BertShape) -> TextTokens:
    """Return what cuts texts for the BERT in *folder*."""
    return TextTokens(Tokenizer.from_file(str(folder / "tokenizer.json")), shape.max_tokens)
