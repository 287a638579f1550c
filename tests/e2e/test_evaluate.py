"""`footnote eval`: figures of a set, compared with a stored run; drafts of questions."""

import json
from pathlib import Path
from typing import Any

import pytest

ROWS = [
    ("leave", "Paid leave", "Every employee has 23 days of paid leave a year."),
    ("rent", "Office rent", "The rent of the office is 4,200 euros a month."),
    ("年假", "年假制度", "每位员工每年有二十三天带薪年假。未休的年假三月底前有效。"),
]
QUESTIONS: list[dict[str, Any]] = [
    {"text": "How many days of paid leave are there?", "answers": ["23"], "relevant": ["leave"]},
    {"text": "员工每年有多少天年假？", "answers": ["二十三天"], "relevant": ["年假"]},
    {"text": "Who painted the Mona Lisa in 1503?", "answerable": False},
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(tmp_path_factory.mktemp("sets")) / "small"
    folder.mkdir()
    corpus = [{"id": one, "title": title, "text": text} for one, title, text in ROWS]
    questions = [{"id": str(i), **question} for i, question in enumerate(QUESTIONS)]
    for name, rows in (("corpus", corpus), ("queries", questions)):
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def measured(service: Any, small: Path) -> list[dict[str, Any]]:
    ran = service.run("eval", str(small), "--json")
    assert ran.returncode == 0, ran.stderr
    return list(json.loads(ran.stdout))


def test_a_set_comes_back_as_figures(measured: list[dict[str, Any]]) -> None:
    figures = measured[0]["figures"]

    assert figures["ndcg@10"] == figures["recall@10"] == figures["mrr@10"] == 1.0
    assert figures["holds"] == figures["citation_recall"] == 1.0
    assert figures["quotes_exact"] == figures["faithfulness"] == 1.0
    assert figures["refused"] == 1.0
    assert figures["wrongly_refused"] == figures["errors"] == 0.0
    assert [row["right"] for row in measured[0]["answers"]] == [1.0, 1.0, 1.0]
    assert all(0 <= at["refused"] <= 1 for at in measured[0]["curve"])


def test_a_run_that_got_worse_ends_with_status_1(
    service: Any, small: Path, measured: list[dict[str, Any]], tmp_path: Path
) -> None:
    stored = tmp_path / "run.json"
    stored.write_text(json.dumps(measured), encoding="utf-8")
    same = service.run("eval", str(small), "--compare", str(stored), "--gate")
    better = json.loads(stored.read_text(encoding="utf-8"))
    for row in better[0]["questions"]:
        row["ndcg@10"] = 1.5
    stored.write_text(json.dumps(better), encoding="utf-8")

    worse = service.run("eval", str(small), "--compare", str(stored), "--gate")

    assert same.returncode == 0, same.stderr
    assert worse.returncode == 1
    assert "small (ndcg@10)" in worse.stderr


def test_each_scope_is_asked_of_its_own_documents(service: Any, tmp_path: Path) -> None:
    folder = tmp_path / "scoped"
    folder.mkdir()
    corpus = [
        {"id": f"{one}-pay", "text": f"The salary is {pay} euros.", "scope": one}
        for one, pay in (("a", 100), ("b", 200))
    ]
    questions = [
        {"id": one, "text": "What is the salary?", "answers": [pay], "scope": one}
        | {"relevant": [f"{one}-pay"]}
        for one, pay in (("a", "100"), ("b", "200"))
    ]
    for name, rows in (("corpus", corpus), ("queries", questions)):
        lines = "\n".join(json.dumps(row) for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")

    ran = service.run("eval", str(folder), "--json")

    figures = json.loads(ran.stdout)[0]["figures"]
    assert figures["mrr@10"] == figures["holds"] == figures["citation_precision"] == 1.0


def test_questions_are_drafted_from_a_collection_and_measured_with(
    service: Any, measured: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert measured
    drafts = tmp_path / "drafts.jsonl"

    made = service.run("eval", "make", str(drafts), "-c", "eval-small", "-n", "3")
    again = service.run("eval", "make", str(drafts), "-c", "eval-small")
    ran = service.run("eval", str(drafts), "-c", "eval-small", "--json")
    alone = service.run("eval", str(drafts))

    assert made.returncode == 0, made.stderr
    rows = [json.loads(line) for line in drafts.read_text(encoding="utf-8").splitlines()]
    assert {row["relevant"][0] for row in rows} == {"leave", "rent", "年假"}
    assert again.returncode == 1
    assert "exists" in again.stderr
    assert json.loads(ran.stdout)[0]["figures"]["recall@10"] == 1.0
    assert alone.returncode == 1
    assert "--collection" in alone.stderr


def test_thumbs_become_a_file_of_questions(
    service: Any, measured: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert measured
    body = {"question": "How many days of leave are there?", "collections": ["eval-small"]}
    for thumb in ("up", "down"):
        answer = service.call("POST", "/v1/ask", body)[1]
        path = f"/v1/answers/{answer['id']}/feedback"
        judged = {"thumb": thumb, "note": "too short" if thumb == "down" else ""}
        assert service.call("POST", path, judged)[0] == 200
        body = {**body, "question": "Wie lange dauert die Probezeit?"}
    drafts = tmp_path / "judged.jsonl"

    made = service.run("eval", "make", str(drafts), "--judged")

    assert made.returncode == 0, made.stderr
    rows = [json.loads(line) for line in drafts.read_text(encoding="utf-8").splitlines()]
    by_text = {row["text"]: row for row in rows}
    good, bad = by_text["How many days of leave are there?"], by_text[body["question"]]
    assert good["thumb"] == "up"
    assert good["relevant"] == ["leave"]
    assert good["answers"]
    assert (bad["thumb"], bad["answers"], bad["answerable"], bad["note"]) == (
        "down",
        [],
        True,
        "too short",
    )


def test_a_folder_without_questions_is_refused_in_one_line(service: Any, tmp_path: Path) -> None:
    ran = service.run("eval", str(tmp_path))

    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "queries.jsonl" in ran.stderr
