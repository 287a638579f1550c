"""`make demo`: start a service on a free port, add the handbook, ask three questions, stop.

Speaks to the service over HTTP with the standard library alone, as any program could.
"""

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

HANDBOOK = Path(__file__).parent / "handbook"
QUESTIONS = (
    "How many days of paid leave does an employee have?",
    "笔记本电脑丢失后应该怎么办？",
    "What is the share price of Northlight Instruments?",
)
START_S = 300
INGEST_S = 300


class Demo:
    """One service and the calls that the demo makes to it."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._key = key

    def call(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        """Return status and JSON of one call."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=300)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": kind}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            connection.close()

    def wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait until the models are loaded."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                sys.exit(f"The service ended with status {process.returncode}.")
            try:
                if self.call("GET", "/health/ready")[0] == http.client.OK:
                    return
            except OSError:
                pass
            time.sleep(0.2)
        sys.exit("The service did not become ready.")

    def upload(self, file: Path) -> None:
        """Upload one file as a browser would."""
        mark = uuid.uuid4().hex
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{file.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        body = head.encode() + file.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        status, told = self.call(
            "POST", "/v1/documents", body, f"multipart/form-data; boundary={mark}"
        )
        if status not in {200, 202}:
            sys.exit(f"{file.name} was refused: {told}")

    def wait_until_ingested(self) -> None:
        """Wait until every document rests."""
        deadline = time.monotonic() + INGEST_S
        while time.monotonic() < deadline:
            counts = self.call("GET", "/v1/documents")[1]["counts"]
            if counts["failed"]:
                sys.exit(f"Documents failed: {counts}")
            if not counts["queued"] + counts["reading"] + counts["embedding"]:
                print(f"{counts['ready']} documents are ready.\n")
                return
            time.sleep(0.3)
        sys.exit("The documents were not ingested in time.")

    def ask(self, question: str) -> dict[str, Any]:
        """Ask, and print the answer with its footnotes."""
        body = json.dumps({"question": question}).encode()
        status, answer = self.call("POST", "/v1/ask", body)
        if status != http.client.OK:
            sys.exit(f"The question failed: {answer}")
        print(f"> {question}")
        joint = "" if answer["language"] == "zh" else " "
        marked = [
            sentence["text"] + "".join(f"[{number}]" for number in sentence["citations"])
            for sentence in answer["sentences"]
        ]
        print(joint.join(marked) or answer["answer"])
        for citation in answer["citations"]:
            page = f", page {citation['page']}" if "page" in citation else ""
            place = f"{citation['document_name']}{page}, {citation['start']}-{citation['end']}"
            print(f"  [{citation['number']}] {place}: “{' '.join(citation['quote'].split())}”")
        print(f"  ({answer['timings_ms']['total'] / 1000:.1f} s)\n")
        return dict(answer)


def main() -> None:
    """Run the demo."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    key = f"fn-demo-{secrets.token_hex(16)}"
    footnote = Path(sys.executable).with_name("footnote")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="footnote-demo-") as folder:
        environment = {
            "FOOTNOTE_DATA_DIR": folder,
            "FOOTNOTE_PORT": str(port),
            "FOOTNOTE_OWNER_KEY": key,
            "FOOTNOTE_LOG_LEVEL": "warning",
            "PATH": f"{footnote.parent}:/usr/bin:/bin",
            # For whoever watches what Python does in every process of the demo.
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }
        process = subprocess.Popen([str(footnote), "serve"], env=environment)  # noqa: S603
        try:
            demo = Demo(port, key)
            demo.wait_until_ready(process)
            print(f"The service was ready after {time.monotonic() - began:.1f} s.")
            for file in sorted(HANDBOOK.iterdir()):
                demo.upload(file)
            demo.wait_until_ingested()
            answers = [demo.ask(question) for question in QUESTIONS]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    if [answer["answered"] for answer in answers] != [True, True, False]:
        sys.exit("The demo expected two answers and one refusal.")


if __name__ == "__main__":
    main()
