"""How long a text is, for the budget of a passage."""

from collections.abc import Sequence

from ingest.chunking.langchain_chunker import CountTokens
from services.engine import ModelCard
from services.language.normalize import language_of
from services.language.table_rows import BAR

# A model that reads Chinese makes about six tokens of ten characters (bge-m3, Qwen3); one that
# does not takes each character apart and would cut passages of a sentence or two. Passages of
# 200 · 2 characters rank whole documents as well as the documents themselves do (docs/quality.md).
_CHARACTERS_A_TOKEN = 2


def sizes_for(embedder: ModelCard, count_tokens: CountTokens) -> CountTokens:
    """Return a function that counts tokens: by *count_tokens* where the embedder reads the
    language, else one for each two characters, since nothing will be embedded. What stands between
    the cells of a row does not count: it says nothing.
    """

    def count(texts: Sequence[str]) -> list[int]:
        plain = [text.replace(BAR, " ") for text in texts]
        return [
            own if embedder.reads(language_of(text)) else -(-len(text) // _CHARACTERS_A_TOKEN)
            for own, text in zip(count_tokens(plain), plain, strict=True)
        ]

    return count
