"""The main job, from outside: real files, real models, over HTTP and from the command line."""

import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from services.settings import Settings
from services.wiring import open_registry

HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook"
ASKED = "How many days of paid leave does an employee have?"


@pytest.fixture(scope="module")
def handbook(service: Any) -> Any:
    """The service with the example handbook in a collection of its own."""
    service.call("POST", "/v1/collections", {"name": "handbook"})
    for file in sorted(HANDBOOK.iterdir()):
        status, told = service.upload(
            file.name, file.read_bytes(), collection="handbook", source_id=file.name
        )
        assert status == 202, told
    service.wait_until_rested("handbook")
    assert service.counts("handbook")["ready"] == 9
    return service


def ask(service: Any, question: str, **more: object) -> dict[str, Any]:
    body = {"question": question, "collections": ["handbook"], **more}
    status, answer = service.call("POST", "/v1/ask", body)
    assert status == 200, answer
    return dict(answer)


@pytest.mark.parametrize(
    ("question", "said", "source"),
    [
        (ASKED, "26 days", "leave.md"),
        ("笔记本电脑丢失后应该怎么办？", "4410", "信息安全.html"),
        ("How long does probation last?", "six months", "first-weeks.pdf"),
        ("试用期有多长？", "六个月", "入职指南.pdf"),
        ("When must expenses be handed in?", "30 days", "travel-and-expenses.docx"),
        ("When does the Hamburg office close?", "Closes: 20:00", "leave.md"),
        ("请问试用期是多长时间？", "六个月", "入职指南.pdf"),
    ],
)
def test_an_answer_has_footnotes_that_are_exact_slices(
    handbook: Any,
    question: str,
    said: str,
    source: str,
) -> None:
    answer = ask(handbook, question)

    assert answer["answered"], answer["answer"]
    assert said in answer["answer"]
    assert source in {citation["source_id"] for citation in answer["citations"]}
    for citation in answer["citations"]:
        _, text = handbook.call("GET", f"/v1/documents/{citation['document_id']}/text")
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    for sentence in answer["sentences"]:
        assert answer["answer"][sentence["start"] : sentence["end"]] == sentence["text"]
        assert sentence["citations"]


def test_a_footnote_into_a_pdf_names_its_page(handbook: Any) -> None:
    answer = ask(handbook, "How long does probation last?")

    assert {c["page"] for c in answer["citations"] if c["source_id"] == "first-weeks.pdf"} == {2}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What is the share price of Northlight Instruments?", "do not answer"),
        ("火星的直径是多少？", "没有这个问题的答案"),
        ("汉堡办公室几点关门？", "没有这个问题的答案"),
    ],
)
def test_what_is_not_in_the_documents_is_refused_in_the_questions_language(
    handbook: Any,
    question: str,
    words: str,
) -> None:
    answer = ask(handbook, question)

    assert not answer["answered"]
    assert words in answer["answer"]
    assert answer["citations"] == []


def test_a_refusal_shows_the_closest_sentence_of_a_trusted_text(handbook: Any) -> None:
    asked = "If we treat a buyer to lunch, what is the cutoff for the bill to reach finance?"
    trusted = "Dinner with clients is paid back when the receipt is with accounting in 12 days.\n"
    low = {"name": "hearsay", "defaults": {"trust": "low"}}
    handbook.call("POST", "/v1/collections", low)
    shown = {}
    for name in ("trusted", "hearsay"):
        handbook.upload("dinner.txt", trusted.encode(), collection=name)
        handbook.wait_until_rested(name)
        body = {"question": asked, "collections": [name]}
        shown[name] = handbook.call("POST", "/v1/ask", body)[1]

    assert [one["answered"] for one in shown.values()] == [False, False]
    assert "What comes closest: “Dinner with clients" in shown["trusted"]["answer"]
    assert shown["trusted"]["citations"] == []
    assert "closest" not in shown["hearsay"]["answer"]
    # What says no more than the question is not shown.
    told = ask(handbook, "What is the share price of Northlight Instruments?")["answer"]
    assert "closest" not in told


def test_a_stream_ends_with_the_whole_answer(handbook: Any) -> None:
    body = {"question": ASKED, "collections": ["handbook"], "stream": True}
    _, text = handbook.call("POST", "/v1/ask", body)

    names = [line.removeprefix("event: ") for line in text.split("\n") if line.startswith("event")]
    assert names[0] == "passages"
    assert "delta" in names
    assert names[-1] == "answer"
    assert names.count("answer") == 1


@pytest.mark.parametrize("question", ["火星的直径是多少？", "年假有几天？"])
def test_a_stream_without_a_generator_tells_its_text_too(handbook: Any, question: str) -> None:
    body = {"question": question, "collections": ["handbook"], "stream": True}
    _, text = handbook.call("POST", "/v1/ask", body)

    told = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data")]
    names = [line.removeprefix("event: ") for line in text.split("\n") if line.startswith("event")]
    assert names == ["passages", "delta", "answer"]
    assert json.loads(told[1])["text"] == json.loads(told[2])["answer"]


def test_search_and_ask_find_the_same(handbook: Any) -> None:
    _, found = handbook.call(
        "POST", "/v1/search", {"query": ASKED, "collections": ["handbook"], "limit": 10}
    )
    answer = ask(handbook, ASKED)

    assert [p["id"] for p in found["passages"]] == [p["id"] for p in answer["passages"]]


def test_an_answer_is_kept_judged_and_replayed(handbook: Any) -> None:
    answer = ask(handbook, ASKED)
    path = f"/v1/answers/{answer['id']}"

    assert handbook.call("POST", f"{path}/feedback", {"thumb": "up"})[0] == 200
    _, kept = handbook.call("GET", path)
    _, replayed = handbook.call("POST", f"{path}/replay")

    assert kept["feedback"]["thumb"] == "up"
    assert kept["trace"]["retrieval"]["terms"]
    assert "prompt" in kept["trace"]
    assert replayed["now"]["answer"] == replayed["before"]["answer"] == answer["answer"]


def test_a_batch_of_lines_becomes_documents(service: Any) -> None:
    lines = "\n".join(
        json.dumps({"id": f"row{i}", "title": f"Room {i}", "text": f"Room {i} seats {i} people."})
        for i in range(130)
    )

    status, told = service.upload("rows.jsonl", lines.encode(), collection="rows")
    service.wait_until_rested("rows")

    assert (status, told["documents"]) == (202, 130)
    assert service.counts("rows")["ready"] == 130
    _, listed = service.call("GET", "/v1/documents?collection=rows&source_id=row7")
    assert listed["documents"][0]["name"] == "Room 7"
    _, original = service.call("GET", f"/v1/documents/{listed['documents'][0]['id']}/file")
    assert original["id"] == "row7"


def test_a_deleted_document_is_gone_from_the_next_search(service: Any) -> None:
    _, told = service.upload("gone.txt", b"The zanzibar protocol was signed.", collection="rows")
    service.wait_until_rested("rows")
    search = {"query": "zanzibar protocol", "collections": ["rows"]}
    service.wait(lambda: service.call("POST", "/v1/search", search)[1]["passages"], 5)

    status, receipt = service.call("DELETE", f"/v1/documents/{told['id']}")

    assert status == 200
    assert receipt["removed"]["passages"] == receipt["removed"]["keyword_index"] == 1
    assert "zanzibar" not in str(service.call("POST", "/v1/search", search)[1]["passages"])
    assert service.call("GET", f"/v1/documents/{told['id']}")[0] == 404


BAD_REQUESTS: list[tuple[str, str, object, int, str]] = [
    ("POST", "/v1/ask", {"question": ""}, 422, "question"),
    ("POST", "/v1/ask", {"question": "   "}, 422, "empty"),
    ("POST", "/v1/ask", {"question": "x" * 1_000_000}, 413, "longer"),
    ("POST", "/v1/ask", {"question": "x", "collections": ["nope"]}, 404, "nope"),
    ("POST", "/v1/ask", {"question": "x", "tempo": 1}, 422, "tempo"),
    ("POST", "/v1/search", {"query": "x", "limit": 0}, 422, "limit"),
    ("GET", "/v1/documents/doc_none", None, 404, "doc_none"),
    ("GET", "/v1/answers/ans_none", None, 404, "ans_none"),
    ("GET", "/v1/nothing", None, 404, "Not Found"),
    ("PUT", "/v1/ask", {}, 405, "Not Allowed"),
    ("POST", "/v1/collections", {"name": "../x"}, 422, "name"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "words"), BAD_REQUESTS)
def test_a_bad_request_gets_one_clear_error(  # noqa: PLR0913, PLR0917
    service: Any,
    method: str,
    path: str,
    body: object,
    status: int,
    words: str,
) -> None:
    told, answer = service.call(method, path, body)

    assert told == status
    assert set(answer["error"]) >= {"code", "message"}
    assert words in answer["error"]["message"]


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("a.exe", b"MZ", 415),
        ("a.docx", b"PK\x03\x04 no word file", 202),
        ("big.txt", b"x" * 4_000_000, 413),
        ("lines.jsonl", b'{"id": 1}\n', 422),
        ("half.jsonl", b'{"id": "a", "title": "\\ud800", "text": "x"}\n', 422),
    ],
)
def test_a_bad_upload_is_refused_or_fails_with_a_reason(
    service: Any,
    name: str,
    data: bytes,
    status: int,
) -> None:
    told, answer = service.upload(name, data, collection="bad")

    assert told == status, answer
    if status == 202:
        service.wait_until_rested("bad")
        document = service.call("GET", f"/v1/documents/{answer['id']}")[1]
        assert document["status"] == "failed"
        assert document["error"]["code"] == "corrupt"
    assert service.call("GET", "/health/ready")[0] == 200


@pytest.mark.parametrize("metadata", ['{"x": "\\ud800"}', '{"x": NaN}', "[]", "{"])
def test_metadata_that_could_not_be_shown_again_is_refused(service: Any, metadata: str) -> None:
    status, told = service.upload("a.txt", b"text", collection="meta", metadata=metadata)

    assert status == 422
    assert "metadata" in told["error"]["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"question": "茶？"}'.encode("gbk"), "send it as JSON in UTF-8"),
        (b'{"question": ', "is no JSON"),
        (b'["a"]', "send a JSON object"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_with_the_mend(
    service: Any, body: bytes, words: str
) -> None:
    headers = {"Content-Type": "application/json"}

    status, told = service.call("POST", "/v1/ask", body, headers=headers)

    assert status in {400, 422}
    assert words in told["error"]["message"]


def test_a_collections_name_is_checked_on_upload_too(service: Any) -> None:
    assert service.upload("a.txt", b"text", collection="a/b")[0] == 422


def test_every_route_needs_a_key(service: Any) -> None:
    _, described = service.call("GET", "/openapi.json")
    public = {"/health/live", "/health/ready"}
    for path, methods in described["paths"].items():
        for method in methods:
            for key in ("wrong-key", ""):
                status, _ = service.call(
                    method.upper(), path.replace("{", "").replace("}", ""), key=key
                )
                assert (status == 401) is (path not in public), (method, path, status)


def test_a_key_sees_only_what_it_was_granted(handbook: Any) -> None:
    _, made = handbook.call("POST", "/v1/keys", {"name": "colleague"})
    key = made["key"]
    asked = {"question": ASKED, "collections": ["handbook"]}
    assert handbook.call("POST", "/v1/ask", asked, key)[0] == 404
    assert handbook.call("POST", "/v1/search", {"query": ASKED}, key)[1]["passages"] == []
    told = handbook.call("POST", "/v1/ask", {"question": ASKED}, key)[1]["answer"]
    assert "There is no collection here that you may ask" in told
    unknown = {"grants": [{"principal": "key:key_none", "role": "ask"}]}
    grants = {"grants": [{"principal": f"key:{made['id']}", "role": "ask"}]}

    none = handbook.run("collections", "grants", "handbook")
    refused = handbook.call("PUT", "/v1/collections/handbook/grants", unknown)
    handbook.call("PUT", "/v1/collections/handbook/grants", grants)

    assert "No grants" in none.stderr
    assert (refused[0], "no key key_none" in refused[1]["error"]["message"]) == (422, True)
    assert handbook.call("POST", "/v1/ask", asked, key)[1]["answered"]
    document = handbook.call("GET", "/v1/documents?collection=handbook")[1]["documents"][0]
    assert handbook.call("GET", f"/v1/documents/{document['id']}", key=key)[0] == 404
    assert handbook.upload("x.txt", b"x", key, collection="handbook")[0] == 403
    assert handbook.upload("x.txt", b"x", key, collection="elsewhere")[0] == 404
    handbook.call("DELETE", f"/v1/keys/{made['id']}")
    assert handbook.call("POST", "/v1/ask", asked, key)[0] == 401


def test_an_empty_collection_is_said_to_be_empty(handbook: Any) -> None:
    handbook.call("POST", "/v1/collections", {"name": "bare"})
    asked = {"question": "茶几点上？", "collections": ["bare"]}

    told = handbook.call("POST", "/v1/ask", asked)[1]

    assert (told["answered"], told["passages"]) == (False, [])
    assert told["answer"] == "文档中没有这个问题的答案。目前还没有可以查询的文档。"


def test_originals_are_attachments_that_no_browser_runs(handbook: Any) -> None:
    listed = handbook.call("GET", "/v1/documents?collection=handbook")[1]["documents"]
    page = next(one for one in listed if one["name"] == "information-security.html")

    handbook.call("GET", f"/v1/documents/{page['id']}/file")

    assert handbook.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in handbook.headers["content-security-policy"]


def test_the_command_line_does_the_main_job(service: Any, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "tea.md").write_text("# Tea\n\nTea is served at 15:20 in the garden.\n")
    (folder / "empty.pdf").write_bytes(b"")

    added = service.run("add", str(folder), "-c", "cli", "--json")
    assert added.returncode == 1
    assert "The collection cli is new" in added.stderr
    told = {one["name"]: one["status"] for one in json.loads(added.stdout)}
    assert told == {"empty.pdf": "failed", "tea.md": "ready"}
    answer = service.run("ask", "When is tea served?", "-c", "cli")
    assert "15:20" in answer.stdout
    assert "[1] tea.md" in answer.stdout

    (folder / "tea.md").write_text("# Tea\n\nTea is served at 16:45 in the garden.\n")
    (folder / "empty.pdf").unlink()
    dry = service.run("sync", str(folder), "-c", "cli", "--dry-run", "--json")
    assert json.loads(dry.stdout)["replaced"] == ["tea.md"]
    assert service.run("sync", str(folder), "-c", "cli").returncode == 0
    assert "is new" not in service.run("add", str(folder), "-c", "cli").stderr
    assert "16:45" in service.run("ask", "When is tea served?", "-c", "cli").stdout
    listed = json.loads(service.run("documents", "-c", "cli", "--json").stdout)
    assert [one["name"] for one in listed] == ["tea.md"]
    assert service.run("show", listed[0]["id"]).returncode == 0
    assert "ready     tea.md" in service.run("reread", "-c", "cli").stdout
    (again,) = json.loads(service.run("documents", "-c", "cli", "--json").stdout)
    assert again["id"] != listed[0]["id"]
    assert again["sha256"] == listed[0]["sha256"]
    assert "16:45" in service.run("ask", "When is tea served?", "-c", "cli").stdout
    assert "passages 1" in service.run("remove", again["id"]).stdout


def test_the_command_line_speaks_chinese_where_the_locale_does(
    service: Any, tmp_path: Path
) -> None:
    spoken = {"FOOTNOTE_LANGUAGE": "auto", "LC_ALL": "zh_CN.UTF-8"}
    (tmp_path / "茶.md").write_text("# 茶歇\n\n下午茶在十五点二十分供应，地点在花园。\n")
    (tmp_path / "空.pdf").write_bytes(b"")

    added = service.run("add", str(tmp_path), "-c", "chinese", **spoken)
    assert "文档集 chinese 尚不存在" in added.stderr
    assert "就绪" in added.stdout
    assert "文件是空的" in added.stdout
    answer = service.run("ask", "下午茶几点供应？", "-c", "chinese", **spoken)
    assert re.search(r"\[1\] 茶\.md，第 \d+-\d+ 字符", answer.stdout)
    assert (
        "没有您可以使用的这个文档集" in service.run("search", "茶", "-c", "nope", **spoken).stderr
    )
    # Nothing is cut off where a line has no space to break at.
    helped = service.run("--help", **spoken, COLUMNS="80")
    assert "供启动它的智能体使用。" in helped.stdout
    assert "退出状态为 1。" in helped.stdout
    # What programs read is the same in every language.
    told = json.loads(service.run("documents", "-c", "chinese", "--json", **spoken).stdout)
    assert {one["status"] for one in told} == {"ready", "failed"}
    assert "\tready\t" in service.run("documents", "-c", "chinese", **spoken).stdout
    english = service.run("add", "--help", **spoken | {"FOOTNOTE_LANGUAGE": "en"})
    assert "Upload files and folders" in english.stdout
    # What a terminal cannot show is told in English.
    old = service.run("add", "--help", **spoken, PYTHONIOENCODING="latin-1")
    assert "Upload files and folders" in old.stdout
    nowhere = service.run("documents", **spoken, FOOTNOTE_URL="http://127.0.0.1:9")
    assert "没有服务响应" in nowhere.stderr


def test_a_collections_defaults_hold_where_a_question_says_nothing(service: Any) -> None:
    usual = {"languages": ["zh"], "passages": 1, "max_tokens": 32, "temperature": 0}
    made = service.call("POST", "/v1/collections", {"name": "usual", "defaults": usual})
    assert made[0] == 201
    assert made[1]["defaults"] == usual
    for number, text in enumerate(("The anchor is green.", "The mast is 14 metres high.")):
        service.upload(f"{number}.txt", text.encode(), collection="usual")
    service.wait_until_rested("usual")
    asked = {"question": "What is the share price of Northlight?", "collections": ["usual"]}

    refused = service.call("POST", "/v1/ask", asked)[1]
    assert refused["answered"] is False
    assert "文档中没有" in refused["answer"]
    answer = service.call("POST", "/v1/ask", {**asked, "question": "How high is the mast?"})[1]
    assert "14 metres" in answer["answer"]
    trace = service.call("GET", f"/v1/answers/{answer['id']}")[1]["trace"]
    assert len(trace["prompt"]["passages"]) == 1
    # Where several collections are asked, none speaks for all.
    service.call("POST", "/v1/collections", {"name": "unusual"})
    both = service.call("POST", "/v1/ask", {**asked, "collections": ["usual", "unusual"]})[1]
    assert "do not answer" in both["answer"]
    for wrong in ({"passages": -5}, {"languages": ["xx"]}, {"bogus": 1}, {"max_tokens": "many"}):
        body = {"name": "wrong", "defaults": wrong}
        assert service.call("POST", "/v1/collections", body)[0] == 422


def test_wrong_use_and_what_the_doctor_finds_are_told_in_chinese(service: Any) -> None:
    spoken = {"FOOTNOTE_LANGUAGE": "zh"}
    wrong = service.run("ask", "茶", "--jso", **spoken)
    assert wrong.returncode == 2
    assert wrong.stderr.rstrip().endswith("没有选项 --jso。您要的可能是 --json。")
    helped = service.run("ask", "-h", **spoken)
    assert helped.returncode == 0
    assert "用法：footnote ask" in helped.stdout
    assert "显示此说明并退出。" in helped.stdout
    assert not re.search(r"Usage|Options|Arguments|required|Show this", helped.stdout)
    service.folder.chmod(0o755)
    found = service.run("doctor", **spoken)
    service.folder.chmod(0o700)
    assert found.returncode == 1
    assert f"chmod o= {service.folder}" in found.stdout
    assert found.stdout.count("故障") == 1, found.stdout
    assert "个核心，负载" in found.stdout
    # Only what is no word of a language is left in Latin letters.
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", found.stdout), found.stdout


def test_verify_tells_its_faults_in_chinese(service: Any, tmp_path: Path) -> None:
    data = tmp_path / "data"
    here = {"FOOTNOTE_DATA_DIR": str(data), "FOOTNOTE_LANGUAGE": "zh"}
    missing = service.run("verify", **here)
    assert missing.returncode == 1
    assert "is FOOTNOTE_DATA_DIR right?" in missing.stderr
    assert not data.exists()
    open_registry(Settings.load(data_dir=data)).close()
    assert service.run("verify", **here).returncode == 0
    spooled = data / "spool" / "aa" / ("a" * 64)
    spooled.parent.mkdir(parents=True)
    spooled.write_text("another text")
    told = service.run("verify", **here)
    assert told.returncode == 1
    assert f"故障 原文件 {spooled.name} 与其名称不符" in told.stdout
    assert "1 处故障" in told.stderr
    (fault,) = json.loads(service.run("verify", "--json", **here).stdout)["faults"]
    assert fault.startswith("Spool file")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["show", "doc_none"], 1, "doc_none"),
        (["reread", "doc_none"], 1, "doc_none"),
        (["reread"], 1, "Name either documents, or with --collection all of one."),
        (["ask", ""], 1, "question"),
        (["frobnicate"], 2, "frobnicate"),
        (["add", "/no/such/path"], 2, "no/such/path"),
        (["search", "x", "-c", "nope"], 1, "nope"),
    ],
)
def test_a_bad_command_says_what_is_wrong(
    service: Any,
    arguments: list[str],
    status: int,
    words: str,
) -> None:
    done = service.run(*arguments)

    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_without_readable_files_is_told(service: Any, tmp_path: Path) -> None:
    (tmp_path / "a.exe").write_bytes(b"MZ")

    done = service.run("add", str(tmp_path))

    assert done.returncode == 1
    assert "no file of a type that is read" in done.stderr


def test_a_burst_is_refused_cheaply_and_the_service_goes_on(handbook: Any) -> None:
    codes: list[int] = []

    def hit(number: int) -> None:
        body = {"question": f"{ASKED} {number}", "collections": ["handbook"], "max_tokens": 4}
        codes.append(handbook.call("POST", "/v1/ask", body)[0])

    threads = [threading.Thread(target=hit, args=(i,)) for i in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(codes) == {200, 429}
    assert codes.count(200) >= 16
    assert handbook.call("POST", "/v1/search", {"query": "leave"})[0] == 200


def test_progress_of_a_document_is_told_until_it_rests(service: Any) -> None:
    _, told = service.upload("slow.txt", b"Some words to embed.", collection="events")

    _, text = service.call("GET", f"/v1/documents/{told['id']}/events")

    assert text.rstrip().split("\n")[-1].count('"ready"') >= 1


def test_metrics_count_answers(handbook: Any) -> None:
    ask(handbook, ASKED)

    _, text = handbook.call("GET", "/metrics")

    assert "footnote_answers_total" in text


def test_a_handful_of_documents_about_one_thing_is_enough(service: Any) -> None:
    rows = [
        ("公司年假制度规定，每位员工每年有二十三天带薪年假。", "days"),
        ("年假须提前两周向主管申请，员工在系统里提交。", "apply"),
        ("员工未休的年假在次年三月底前有效，过期作废。", "expiry"),
        ("实习员工的年假按工作月数计算，每月一天。", "interns"),
    ]
    lines = "\n".join(json.dumps({"id": one, "text": text}) for text, one in rows)
    service.upload("few.jsonl", lines.encode(), collection="few")
    look = {"query": "年假", "collections": ["few"]}
    service.wait(lambda: len(service.call("POST", "/v1/search", look)[1]["passages"]) == 4, 20)

    asked = {"question": "员工未休的年假什么时候过期？", "collections": ["few"]}
    _, answer = service.call("POST", "/v1/ask", asked)

    assert answer["answered"]
    assert answer["citations"][0]["source_id"] == "expiry"


def prices(header: str, name: str) -> bytes:
    rows = [f"{name.format(i)},{i + 100},{i % 7 + 20}" for i in range(300, 420)]
    return "\n".join([header, *rows]).encode()


@pytest.mark.parametrize(
    ("table", "question", "answer"),
    [
        (
            prices("Product,Price in EUR,Warranty in months", "Pump {}"),
            "What is the warranty of Pump 389?",
            "Product: Pump 389; Price in EUR: 489; Warranty in months: 24.",
        ),
        (
            prices("产品,单价（元）,保修（月）", "水泵{}号"),
            "水泵389号的保修是几个月？",
            "产品：水泵389号；单价（元）：489；保修（月）：24。",
        ),
    ],
)
def test_a_row_far_down_a_table_is_told_with_its_columns(
    service: Any, table: bytes, question: str, answer: str
) -> None:
    collection = f"table-{len(question)}"
    service.upload("prices.csv", table, collection=collection)
    service.wait_until_rested(collection)

    body = {"question": question, "collections": [collection]}
    told = service.call("POST", "/v1/ask", body)[1]

    assert told["answer"].startswith(answer), told["answer"]
    assert told["citations"][0]["quote"].endswith(" | 489 | 24")


DOSES = """# 儿童退热药剂量

浓度不同，毫升数不能互换。

表 4-1 对乙酰氨基酚混悬液（100 mL:3.2 g）

| 年龄 | 体重 | 每次 |
|---|---|---|
| 1–3 岁 | 12–15 kg | 5 mL |
| 4–6 岁 | 16–21 kg | 7.5 mL |

表 4-2 布洛芬混悬液（100 mL:2 g）

| 年龄 | 体重 | 每次 |
|---|---|---|
| 1–3 岁 | 12–15 kg | 4 mL |
| 4–6 岁 | 16–21 kg | 6 mL |
"""


@pytest.mark.parametrize(
    ("drug", "dose"), [("布洛芬混悬液", "6 mL"), ("对乙酰氨基酚混悬液", "7.5 mL")]
)
def test_of_two_tables_with_the_same_columns_the_one_that_is_named_answers(
    service: Any, drug: str, dose: str
) -> None:
    service.upload("doses.md", DOSES.encode(), collection="doses")
    service.wait_until_rested("doses")

    body = {"question": f"18公斤的孩子，{drug}一次喝多少？", "collections": ["doses"]}
    told = service.call("POST", "/v1/ask", body)[1]

    assert told["answered"], told["answer"]
    assert told["answer"].startswith(drug)
    assert f"每次：{dose}。" in told["answer"]
    quote = told["citations"][0]["quote"]
    assert drug in quote
    assert quote.endswith(f"| 16–21 kg | {dose}")


@pytest.mark.parametrize(
    ("text", "question", "said", "led"),
    [
        (
            "# Travel\n\nThe meal allowance on a business trip is 28 euros a day.\n",
            "出差的伙食补贴是多少？",
            "28 euros",
            "英文文档中写道：",
        ),
        (
            "# 休假\n\n每位员工每年享有26天年假，须提前两周申请。\n",
            "How many days of annual leave does an employee have?",
            "26天",
            "The Chinese documents say: ",
        ),
    ],
)
def test_a_question_is_answered_from_documents_in_the_other_language(
    service: Any, text: str, question: str, said: str, led: str
) -> None:
    name = f"across-{len(led)}"
    status, told = service.upload("travel.md", text.encode(), collection=name)
    assert status in {200, 202}, told
    service.wait_until_rested(name)

    _, answer = service.call("POST", "/v1/ask", {"question": question, "collections": [name]})
    _, found = service.call("POST", "/v1/search", {"query": question, "collections": [name]})

    assert answer["answered"], answer
    assert answer["answer"].startswith(led)
    assert said in answer["answer"]
    assert answer["sentences"][0]["citations"] == [1]
    assert [p["id"] for p in found["passages"]] == [p["id"] for p in answer["passages"]]
    _, other = service.call(
        "POST", "/v1/ask", {"question": "谁负责火警演习？", "collections": [name]}
    )
    assert not other["answered"], other


def test_what_protects_is_not_lost_by_a_slip(service: Any) -> None:
    low = {"name": "protected", "instructions": "Briefly.", "defaults": {"trust": "low"}}
    assert service.call("POST", "/v1/collections", low)[0] == 201

    status, told = service.upload("a.md", b"# A\n\nText.", collection="protected", reader="[]")
    assert status == 422
    assert told["error"]["message"] == "reader: there is no such field."

    _, changed = service.call("PUT", "/v1/collections/protected", {"instructions": "At length."})
    assert (changed["instructions"], changed["defaults"]) == ("At length.", {"trust": "low"})
    _, changed = service.call("PUT", "/v1/collections/protected", {"defaults": {}})
    assert (changed["instructions"], changed["defaults"]) == ("At length.", {})

    readers = '["group:board"]'
    _, document = service.upload("b.md", b"# B\n\nText.", collection="protected", readers=readers)
    path = f"/v1/documents/{document['id']}/readers"
    assert service.call("PUT", path, {})[0] == 422
    assert service.call("GET", f"/v1/documents/{document['id']}")[1]["readers"] == ["group:board"]
