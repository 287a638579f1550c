"""Both pipelines on the same sets, in one run."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.quality.collect import Bench
from bench.quality.footnote_pipeline import FootnotePipeline
from bench.quality.langchain_pipeline import LangChainPipeline
from bench.quality.sets import rows
from services.domain.answers import Turn
from services.domain.passages import Hit
from services.evaluation.measures import holds, ranking
from services.retrieval.legs import query_terms
from services.settings import Settings
from services.wiring import checked_model

QUESTIONS = 150
DEPTH = 30
MOST_TOKENS = 120

Row = Mapping[str, Any]


def measure(data_dir: Path, names: Sequence[str], asked: int) -> list[dict[str, Any]]:
    """Return the figures of each set, told as they come; *asked* questions of each kind."""
    bench = Bench(data_dir)
    footnote = FootnotePipeline(bench)
    peer = LangChainPipeline(*_models(Settings.load(data_dir=data_dir)))
    found = []
    for name in names:
        peer.add(rows(name, "corpus"))
        figures = _searched(bench, footnote, peer, name) | _asked(footnote, peer, name, asked)
        found.append({"set": name, **{key: round(value, 4) for key, value in figures.items()}})
        print(found[-1], flush=True)
    _tell_means(found)
    return found


def _models(settings: Settings) -> tuple[Path, Path]:
    _, embedder = checked_model(settings, settings.embedding_model, "embedding")
    source, folder = checked_model(settings, settings.generation_model, "generation")
    return embedder, folder / next(iter(source.files))


def _searched(
    bench: Bench, footnote: FootnotePipeline, peer: LangChainPipeline, name: str
) -> dict[str, float]:
    """Return nDCG@10 of Footnote, of its legs and of the peer, and Footnote's median time."""
    wanted = [row for row in rows(name, "queries") if row.get("relevant")][:QUESTIONS]
    seconds: list[float] = []

    def by_footnote(row: Row) -> list[str]:
        ids, took = footnote.search(name, row["text"], _history(row), DEPTH)
        seconds.append(took)
        return ids

    ways: dict[str, Callable[[Row], list[str]]] = {
        "footnote": by_footnote,
        "langchain": lambda row: peer.search(row["text"], DEPTH),
        "words": lambda row: _by_words(bench, name, row),
        "meaning": lambda row: _by_meaning(bench, name, row),
    }
    relevant = {str(row["id"]): frozenset(row["relevant"]) for row in wanted}
    figures = {
        f"{way}_ndcg@10": ranking({str(row["id"]): find(row) for row in wanted}, relevant)[
            "ndcg@10"
        ]
        for way, find in ways.items()
    }
    return figures | {"footnote_search_ms": statistics.median(seconds) * 1000}


def _asked(
    footnote: FootnotePipeline, peer: LangChainPipeline, name: str, most: int
) -> dict[str, float]:
    """Return how often a reply holds an accepted answer, and how often an unanswerable question
    got an answer.
    """
    read = rows(name, "queries")
    yes = [row for row in read if row.get("answerable") and row.get("answers")][:most]
    no = [row for row in read if row.get("answerable") is False][:most]
    figures: dict[str, float] = {}
    ours = {id(row): _footnote_reply(footnote, name, row) for row in (*yes, *no)}
    theirs = {id(row): peer.ask(row["text"], MOST_TOKENS) for row in (*yes, *no)}
    if yes:
        figures["footnote_holds"] = statistics.mean(
            holds(ours[id(row)] or "", row["answers"]) for row in yes
        )
        figures["langchain_holds"] = statistics.mean(
            holds(theirs[id(row)], row["answers"]) for row in yes
        )
    if no:
        figures["footnote_answered_wrongly"] = statistics.mean(
            ours[id(row)] is not None for row in no
        )
        figures["langchain_answered_wrongly"] = statistics.mean(
            not peer.refuses(theirs[id(row)]) for row in no
        )
    return figures


def _footnote_reply(footnote: FootnotePipeline, name: str, row: Row) -> str | None:
    answer = footnote.ask(name, row["text"], _history(row), MOST_TOKENS)
    return answer.answer if answer.answered else None


def _history(row: Row) -> tuple[Turn, ...]:
    return tuple(Turn(**turn) for turn in row.get("history") or [])


def _by_words(bench: Bench, name: str, row: Row) -> list[str]:
    terms = list(query_terms(row["text"]).items())
    return _sources(bench, name, bench.words.search(terms, bench.scope(name), DEPTH))


def _by_meaning(bench: Bench, name: str, row: Row) -> list[str]:
    vector = bench.embedder.embed_question(row["text"]).vector
    return _sources(bench, name, bench.vectors.search(vector, bench.scope(name), DEPTH))


def _sources(bench: Bench, name: str, hits: Sequence[Hit]) -> list[str]:
    ids = [hit.passage_id for hit in hits]
    stored = bench.registry.passages.by_ids(bench.scope(name), ids)
    return list(dict.fromkeys(stored[number].source_id for number in ids))


def _tell_means(found: Sequence[Mapping[str, Any]]) -> None:
    for measure_name in ("ndcg@10", "holds", "answered_wrongly"):
        both = [one for one in found if f"footnote_{measure_name}" in one]
        if both:
            means = [
                statistics.mean(one[f"{way}_{measure_name}"] for one in both)
                for way in ("footnote", "langchain")
            ]
            print(f"mean {measure_name}: footnote {means[0]:.3f} langchain {means[1]:.3f}")
