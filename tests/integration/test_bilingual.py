"""Chinese documents, and those of two languages, with an embedder that reads English alone."""

from pathlib import Path

import numpy as np

from ingest.embedding import NOT_STORED, embed_readable
from services.domain.documents import Blob, NewDocument, Reading
from services.domain.passages import Chunk, PreparedPassage
from services.domain.scope import Role
from services.engine import Embedder
from services.language.analysis import analysed
from services.registry.keys import OWNER
from services.registry.prepared import PreparedDocument
from services.registry.vectors import GLOSSED
from services.retrieval import Query
from services.settings import Settings
from services.wiring import House, build_house, open_embedder

BOTH = (
    "Probation 试用期\n\nThe probation period is 6 months in Germany and 3 months in China.\n"
    "试用期：德国为6个月，中国为3个月。试用期内的离职通知期为两周。"
)
CHINESE = "HC-300 控制器的校准周期为每6个月一次，由设备部负责，结果记入台账。"
TEXTS = (
    "薪水于每月十日发放，遇节假日提前。",
    "食堂位于办公楼一层，中午十二点开放。",
    "访客须在前台登记，并由接待人陪同。",
)


def test_what_says_as_much_in_english_is_found_by_meaning_too() -> None:
    embedder = open_embedder(Settings.load())
    both, chinese, nothing = embed_readable(embedder, [BOTH, CHINESE, "的了吗"])
    english = embedder.embed_question("How often is the controller calibrated?").vector

    assert both.vector
    assert both.width > 0
    # What its words mean is embedded: an English question is near, its characters are noise.
    likeness = float(np.frombuffer(chinese.vector, "<f4") @ english)
    noise = float(embedder.embed_passages([CHINESE])[0].vector @ english)
    assert (chinese.width, chinese.tokens) == (GLOSSED, b"")
    assert likeness > max(0.4, noise + 0.2)
    assert nothing == NOT_STORED


def add(house: House, number: int, text: str) -> str:
    """Add a document of one passage, embedded as the worker embeds it; return its id."""
    registry = house.registry
    target = registry.collections.scope_of(OWNER).collection("default", Role.WRITE)
    digest = str(number) * 64
    new = NewDocument(f"{number}", f"{number}", "text/plain", digest, Blob(digest, 0, len(text)))
    [(document, _)] = registry.documents.accept(target, [new], 0)
    [claimed] = registry.work.claim([document.id], 60, 3)
    (made,) = embed_readable(house.embedder, [text])
    terms = analysed("", (), text)
    passage = PreparedPassage(
        Chunk(0, len(text), text), made.vector, made.tokens, made.width, *terms
    )
    prepared = PreparedDocument(claimed, Reading(text), (passage,))
    registry.work.finish([prepared], house.embedder.card.name)
    return document.id


def read_languages(embedder: Embedder) -> set[str]:
    return {one for one in ("en", "zh") if embedder.card.reads(one)}


def test_an_english_question_finds_chinese_text_by_what_its_words_mean(tmp_path: Path) -> None:
    house = build_house(Settings.load(data_dir=tmp_path, probe=False))
    house.registry.collections.create("default", "", {})
    documents = [add(house, number, text) for number, text in enumerate(TEXTS)]
    house.follower.catch_up()
    scope = house.registry.collections.scope_of(OWNER)
    assert read_languages(house.embedder) == {"en"}

    # No word of the question is what the dictionary calls any in the text.
    found = house.retriever.search(Query("When are we paid our monthly wage?"), scope, 3).found
    own = house.retriever.search(Query("薪水什么时候发？"), scope, 3).found

    assert found[0].passage.text == TEXTS[0]
    assert found[0].scores["glossed"] > found[1].scores["glossed"] > 0
    # A question in their own language is not compared with what was put into English.
    assert own[0].passage.text == TEXTS[0]
    assert {one.scores["glossed"] for one in own} == {0.0}

    _, receipt = house.registry.documents.remove(scope, documents[0])
    receipt = house.follower.removed(receipt)
    again = house.retriever.search(Query("When are we paid our monthly wage?"), scope, 3).found
    assert receipt.removed["vector_index"] == 1
    assert TEXTS[0] not in {one.passage.text for one in again}
    house.close()
