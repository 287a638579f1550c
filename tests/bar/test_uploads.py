"""Files from strangers: U1, U3, U4, U7 to U10 of the bar. U5 and U6 are `test_reading.py`."""

import http.client
import io
import itertools
import json
import os
import re
import time
import zipfile
from pathlib import Path

from ingest.reading.children import ReadingChildren
from ingest.reading.wire import Request
from services.domain.errors import UnreadableError
from services.domain.media import KINDS
from services.language.normalize import remove_invisible
from tests.bar.bombs import bombs
from tests.bar.conftest import Figure, MakeRunning, Obedient, Running
from tests.bar.test_overload import resident_mb

_MIB = 1024 * 1024


def test_u1_bombs_are_refused_with_a_reason(tmp_path: Path, figure: Figure) -> None:
    children = ReadingChildren(10)
    refused, slowest = [], 0.0
    before = resident_mb()
    for name, data in bombs():
        path = tmp_path / name
        path.write_bytes(data)
        del data
        kind = KINDS[name.rsplit(".", 1)[-1]].format
        request = Request(name, kind, 2000, 1_000_000, 1024, 10)
        began = time.monotonic()
        try:
            text = children.read(path, request, lambda _done, _total: None).text
            refused.append((name, f"read {len(text)} characters"))
            assert "root:" not in text
        except UnreadableError as error:
            refused.append((name, error.code if str(error) else "read without a reason"))
        slowest = max(slowest, time.monotonic() - began)
    grown = resident_mb() - before
    children.close()
    assert len(refused) == 15
    codes = dict(refused)
    harmless = {name for name, code in refused if code.startswith("read")}
    # What only looks dangerous may be read as the little that it holds.
    assert harmless <= {"external.docx", "laughs.docx", "nested.docx", "cut.docx"}, codes
    assert slowest < 30
    figure(
        "U1",
        f"15 bombs: {15 - len(harmless)} refused with a reason, {len(harmless)} read as the "
        f"little they hold; slowest {slowest:.1f} s; +{grown:.0f} MB here (the fixtures)",
    )


def test_u3_names_cannot_leave_the_folder(make_running: MakeRunning, figure: Figure) -> None:
    running = make_running()
    parts = [
        "../",
        "..\\",
        "/etc/",
        "C:\\",
        "\u202e",
        "\u0000",
        "e\u0301",
        "-rf ",
        "a\nb",
        "\x1b[2J",
    ]
    names = [
        f"{lead}{middle}.txt"
        for lead, middle in itertools.product(parts, ["x", "../../y", "passwd"])
    ]
    names += ["." * n + "/n.txt" for n in range(1, 20)] + ["n" * 4096 + ".txt", "con.txt", "~.txt"]
    names += [f"{'d/' * n}deep.txt" for n in range(1, 9)]
    before = _files_beside(running.settings.data_dir)
    taken = 0
    for number, name in enumerate(names):
        wire = name.replace("\n", "%0A").replace('"', "%22").replace("\u0000", "%00")
        safe = wire.encode("utf-8").decode("latin-1")
        status, _ = running.upload(safe, f"text {number}".encode())
        assert status in {202, 422, 415, 400}, (name, status)
        taken += status == 202
    after = _files_beside(running.settings.data_dir)
    assert after == before
    shown = []
    cursor = ""
    while True:
        _, page = running.call("GET", f"/v1/documents?limit=200{cursor}")
        shown += [document["name"] for document in page["documents"]]
        if "cursor" not in page:
            break
        cursor = f"&cursor={page['cursor']}"
    assert taken == len(shown) > 50
    assert not [name for name in shown if re.search(r"[\x00-\x1f\x7f\u202a-\u202e]", name)]
    assert not [name for name in shown if ".." in name.split("/") or name.startswith("/")]
    figure(
        "U3", f"{len(names)} hostile names: 0 files outside the data folder, 0 control bytes shown"
    )


def _files_beside(folder: Path) -> set[str]:
    found = (path for path in folder.parent.rglob("*") if not path.is_relative_to(folder))
    return {str(path) for path in found if path.is_file()}


def _zip(entry: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(entry, "<x/>")
    return out.getvalue()


def test_u4_name_and_content_must_agree(make_running: MakeRunning, figure: Figure) -> None:
    running = make_running()
    contents = {
        "pdf": b"%PDF-1.7\n",
        "docx": _zip("word/document.xml"),
        "xlsx": _zip("xl/workbook.xml"),
        "png": b"\x89PNG\r\n\x1a\n" + b"\0" * 20,
        "txt": b"plain text",
        "exe": b"MZ\x90\0" + b"\0" * 60,
    }
    wrong = passed = 0
    for extension in ("pdf", "docx", "xlsx", "png", "txt", "docm"):
        for content, data in contents.items():
            status, _ = running.upload(f"a.{extension}", data + os.urandom(4) * (content == "txt"))
            # Any bytes without a binary's mark are text; a PDF's mark is enough for a PDF.
            agrees = extension == content
            wrong += (status in {200, 202}) != agrees
            passed += agrees
    polyglot = b"%PDF-1.7\n" + _zip("word/document.xml")
    assert running.upload("a.docx", polyglot)[0] == 415
    assert wrong == 0
    figure("U4", f"36 pairs of name and content: {passed} agree and pass, the others 415")


def test_u7_nothing_is_fetched_by_url(make_running: MakeRunning, figure: Figure) -> None:
    running = make_running()
    _, described = running.call("GET", "/openapi.json")
    takes_url = [
        path for path, text in ((p, str(d)) for p, d in described["paths"].items()) if "url" in text
    ]
    assert takes_url == []
    status, _ = running.upload("a.txt", b"x", url="http://169.254.169.254/latest/meta-data")
    assert status in {202, 422}
    figure("U7", "no route takes a URL: nothing is fetched")


def test_u8_originals_are_only_attachments(make_running: MakeRunning, figure: Figure) -> None:
    running = make_running()
    html = b"<script>fetch('https://evil.example/')</script><p>hello there</p>"
    for name, data in (("a.html", html), ("b.txt", b"plain"), ("c.md", b"# title")):
        running.upload(name, data)
    running.ingest()
    _, listed = running.call("GET", "/v1/documents")
    for document in listed["documents"]:
        _, _, headers = running.raw("GET", f"/v1/documents/{document['id']}/file")
        assert headers["content-disposition"].startswith("attachment")
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]
        _, _, headers = running.raw("GET", f"/v1/documents/{document['id']}/text")
        assert headers["content-type"].startswith("text/plain")
        assert headers["x-content-type-options"] == "nosniff"
    for extension in ("docm", "xlsm", "pptm", "dotm", "xlsb"):
        assert running.upload(f"a.{extension}", _zip("word/document.xml"))[0] == 415
    figure("U8", "6 downloads: attachment, nosniff, sandbox; 5 macro formats refused")


def _flood(running: Running, length: str | None) -> tuple[int, int]:
    """Send an endless body; return the status and how many bytes were taken before it."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    connection.putrequest("POST", "/v1/documents")
    connection.putheader("Authorization", f"Bearer {running.key}")
    connection.putheader("Content-Type", "multipart/form-data; boundary=mark")
    if length is None:
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", length)
    connection.endheaders()
    head = b'--mark\r\nContent-Disposition: form-data; name="file"; filename="big.txt"\r\n\r\n'
    sent = 0
    try:
        for block in itertools.chain([head], itertools.repeat(b"x" * 65_536, 16_000)):
            connection.send(b"%x\r\n%s\r\n" % (len(block), block) if length is None else block)
            sent += len(block)
    except OSError:
        pass
    try:
        status = connection.getresponse().status
    except OSError:
        status = 413
    connection.close()
    return status, sent


def test_u9_an_endless_upload_is_cut_off(make_running: MakeRunning, figure: Figure) -> None:
    running = make_running(upload_bytes=5 * _MIB)
    before = resident_mb()
    found = [_flood(running, length) for length in (None, str(10**9), "2000000000")]
    grown = resident_mb() - before
    assert [status for status, _ in found] == [413] * 3
    assert grown < 20
    left = sum(
        path.stat().st_size for path in (running.settings.data_dir / "spool").rglob("*.part")
    )
    assert left == 0
    assert running.upload("small.txt", b"still fine")[0] == 202
    figure("U9", f"3 endless uploads: 413, 0 bytes left on disk, {grown:+.0f} MB")


def test_u10_invisible_text_has_no_way_in(make_running: MakeRunning, figure: Figure) -> None:
    hidden = [*range(0xE0000, 0xE0080), *range(0x200B, 0x2010), *range(0x202A, 0x202F)]
    hidden += [*range(0x2060, 0x2070), 0xFEFF, 0x00AD, 0x061C]
    inside = "".join(f"a{chr(code)}b" for code in hidden)
    running = make_running(Obedient())
    text = f"The marker is {inside}. It was hidden in the year 1999."
    running.upload("hidden.txt", text.encode())
    running.ingest()
    _, listed = running.call("GET", "/v1/documents")
    document = listed["documents"][0]
    question = f"What is the ma{chr(0x200B)}rker?{chr(0xE0041)}"
    told = [
        running.call("GET", f"/v1/documents/{document['id']}/text")[1],
        str(running.call("POST", "/v1/search", {"query": question})[1]),
    ]
    _, answer = running.call("POST", "/v1/ask", {"question": question})
    told += [str(answer), str(running.call("GET", f"/v1/answers/{answer['id']}")[1])]
    assert [remove_invisible(one)[1] for one in told] == [0, 0, 0, 0]
    assert "removed" in str(document["grade"])
    figure("U10", f"{len(hidden)} invisible characters: 0 in text, index, prompt, answer; counted")


def test_of_two_files_in_a_request_none_is_taken(make_running: MakeRunning) -> None:
    running = make_running()
    part = (
        '--x\r\nContent-Disposition: form-data; name="file"; filename="{}.txt"\r\n\r\nTea {}.\r\n'
    )
    body = (part.format("a", "a") + part.format("b", "b") + "--x--\r\n").encode()
    kind = {"Content-Type": "multipart/form-data; boundary=x"}

    status, told = running.call("POST", "/v1/documents", body, None, kind)

    assert status == 422
    assert "one file in each request" in told["error"]["message"]
    assert running.call("GET", "/v1/documents")[1]["documents"] == []


def test_a_service_that_is_not_ready_says_so_as_an_error(tmp_path: Path) -> None:
    running = Running(tmp_path / "data").start()
    running.service.draining = True

    status, data, headers = running.raw("GET", "/health/ready")

    running.stop()
    assert (status, headers["retry-after"]) == (503, "1")
    told = json.loads(data)
    assert told["status"] == "draining"
    assert told["error"]["code"] == "not_ready"


def test_the_whole_time_of_an_answer_holds_its_parts(make_running: MakeRunning) -> None:
    running = make_running(answers_kept=10)
    running.upload("a.txt", b"The red door is open on Mondays.")
    running.ingest()

    for _ in range(2):
        told = running.call("POST", "/v1/ask", {"question": "When is the red door open?"})[1]
        parts = {**told["timings_ms"]}
        total = parts.pop("total")
        # A part of `retrieve`.
        parts.pop("embed_question", None)
        assert sum(parts.values()) <= total + 0.1
