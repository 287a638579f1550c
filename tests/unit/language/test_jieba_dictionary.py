"""Where the words of Chinese come from."""

import tempfile
from pathlib import Path

import jieba
import pytest

from services.language.jieba_dictionary import dictionary, opened_segmenter


def test_it_is_what_jieba_reads() -> None:
    theirs = jieba.Tokenizer()

    ours = opened_segmenter()

    assert (ours.FREQ, ours.total) == theirs.gen_pfdict(theirs.get_dict_file())
    assert list(ours.cut("我来到北京清华大学")) == ["我", "来到", "北京", "清华大学"]


def test_what_words_begin_with_is_in_it_without_a_count() -> None:
    assert dictionary("清 7 n\n清华大学 20 nt\n") == (
        {"清": 7, "清华": 0, "清华大": 0, "清华大学": 20},
        27,
    )
    assert dictionary("") == ({}, 0)


def test_nothing_is_kept_where_others_could_change_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "jieba.cache").write_bytes(b"rubbish")

    assert list(opened_segmenter().cut("北京大学")) == ["北京大学"]

    assert (tmp_path / "jieba.cache").read_bytes() == b"rubbish"
