"""OpenAI's official client against a running service: twenty shapes of requests."""

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import openai
import pytest
from openai import OpenAI

from services.domain.answers import Sampling, Turn
from services.engine import Prompt
from services.engine.httpx_generator import HttpxGenerator, RemoteModel

# A word of its own: other tests put other handbooks into the same service.
QUESTION = "How many days of sailing leave does an employee have?"
NAME = "openai-shapes"


@pytest.fixture(scope="module")
def client(service: Any) -> Iterator[OpenAI]:
    """Return the official client on a service with one document in two languages."""
    leave = "Every employee has 27 days of sailing leave a year. Unused days expire in March."
    service.upload("leave.md", f"# Leave\n\n{leave}".encode(), collection=NAME)
    service.upload(
        "请假.md",
        "# 请假\n\n每位员工每年有27天带薪年假。未使用的年假在3月失效。\n".encode(),
        collection=NAME,
    )
    service.wait_until_rested(NAME)
    with OpenAI(base_url=f"{service.url}/v1", api_key=service.key, max_retries=0) as opened:
        yield opened


def user(text: str) -> Any:
    return {"role": "user", "content": text}


def test_models_are_listed_and_shown(client: OpenAI) -> None:
    ids = [model.id for model in client.models.list()]

    assert {"footnote", "footnote-base", "footnote-embedding", f"footnote/{NAME}"} <= set(ids)
    assert client.models.retrieve("footnote").owned_by == "footnote"


@pytest.mark.parametrize("model", ["footnote", f"footnote/{NAME}"])
def test_an_answer_has_marks_annotations_and_footnotes(client: OpenAI, model: str) -> None:
    told = client.chat.completions.create(model=model, messages=[user(QUESTION)], max_tokens=64)

    message = told.choices[0].message
    assert "27 days" in (message.content or "")
    assert "[1]" in (message.content or "")
    assert told.choices[0].finish_reason == "stop"
    assert told.usage is not None
    assert told.usage.total_tokens == told.usage.prompt_tokens + told.usage.completion_tokens > 0
    assert message.annotations is not None
    cited = message.annotations[0].url_citation
    assert "27 days" in (message.content or "")[cited.start_index : cited.end_index]
    footnotes = told.model_extra["footnotes"]  # type: ignore[index]
    assert "27 days of sailing leave" in footnotes[0]["quote"]


def test_a_chinese_question_gets_a_chinese_answer(client: OpenAI) -> None:
    told = client.chat.completions.create(
        model=f"footnote/{NAME}", messages=[user("每位员工每年有多少天年假？")]
    )

    assert "27" in (told.choices[0].message.content or "")


@pytest.mark.parametrize("usage", [True, False])
def test_a_stream_is_chunks_that_make_the_same_answer(client: OpenAI, usage: bool) -> None:
    options: Any = {"include_usage": True} if usage else openai.omit
    stream = client.chat.completions.create(
        model=f"footnote/{NAME}", messages=[user(QUESTION)], stream=True, stream_options=options
    )

    chunks = list(stream)

    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert "27 days" in text
    assert chunks[0].choices[0].delta.role == "assistant"
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert (chunks[-1].usage is not None) is usage


TITLE = (
    "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n"
    '### Output:\nJSON format: { "title": "your concise title here" }\n### Chat History:\n'
    "<chat_history>\nUSER: How much leave do I have?\n</chat_history>"
)
SHAPES = {
    # What chat front ends send: fields beyond OpenAI's, defaults spelt out, their users' names.
    "open-webui": {
        "stream": True,
        "messages": [user(QUESTION)],
        "stream_options": {"include_usage": True},
    },
    "open-webui with a system prompt": {
        "stream": True,
        "messages": [{"role": "system", "content": "Be brief. 请简短。"}, user(QUESTION)],
        "temperature": 0.8,
        "max_tokens": 128,
    },
    "librechat": {
        "stream": True,
        "messages": [
            {"role": "system", "content": "You are Footnote."},
            {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
        ],
        "user": "664f0c1e9d3b2a0012ab34cd",
        "temperature": 1,
        "top_p": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "stream_options": {"include_usage": True},
    },
    "librechat without streaming": {
        "stream": False,
        "messages": [{"role": "user", "content": QUESTION, "name": "Ada"}],
        "stop": ["||>", "\nUser:"],
        "n": 1,
    },
}
TASKS = {
    "open-webui's title": {
        "stream": False,
        "messages": [user(TITLE)],
        "max_completion_tokens": 100,  # 1000 there: the bundled model would fill them
    },
    "librechat's title": {
        "messages": [
            {"role": "system", "content": "Please generate a concise, 5-word-or-less title."}
        ],
        "temperature": 0.2,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "max_tokens": 16,
    },
}


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("shape", SHAPES)
def test_what_chat_front_ends_send_is_answered(service: Any, shape: str) -> None:
    headers = {"X-OpenWebUI-User-Name": "Ada", "X-OpenWebUI-Chat-Id": "c1", "HTTP-Referer": "x"}
    body = {"model": f"footnote/{NAME}", **SHAPES[shape]}
    status, told = service.call("POST", "/v1/chat/completions", body, headers=headers)

    assert status == 200, told
    assert "27 days" in _streamed(told) if body["stream"] else "27 days" in json.dumps(told)


def _streamed(told: str) -> str:
    """Read an event stream as these front ends do: line by line, until [DONE]."""
    lines = [line.removeprefix("data: ") for line in told.splitlines() if line.startswith("data:")]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


@pytest.mark.parametrize("task", TASKS)
def test_titles_come_from_the_bare_generator(service: Any, task: str) -> None:
    body = {"model": "footnote-base", **TASKS[task]}
    status, told = service.call("POST", "/v1/chat/completions", body)

    assert status == 200, told
    assert told["choices"][0]["message"]["content"].strip()


def test_a_conversation_is_followed(client: OpenAI) -> None:
    told = client.chat.completions.create(
        model=f"footnote/{NAME}",
        messages=[
            {"role": "system", "content": "You are helpful."},
            user(QUESTION),
            {"role": "assistant", "content": "27 days a year."},
            user("And when do unused days expire?"),
        ],
    )

    assert "March" in (told.choices[0].message.content or "")


@pytest.mark.parametrize(
    "given",
    [
        {"temperature": 0.7, "seed": 5},
        {"top_p": 0.9, "presence_penalty": 0.5, "frequency_penalty": 0.5},
        {"max_completion_tokens": 8},
        {"stop": ["."]},
        {"stop": "\n", "logit_bias": {"100": -100}},
        {"user": "alice", "store": False, "metadata": {"a": "b"}},
        {"n": 1, "logprobs": False},
    ],
)
def test_the_bare_generator_takes_openais_settings(client: OpenAI, given: dict[str, Any]) -> None:
    most: Any = {"max_tokens": 16} if "max_completion_tokens" not in given else {}
    told = client.chat.completions.create(
        model="footnote-base", messages=[user("Say hello.")], **most, **given
    )

    assert told.choices[0].message.content
    assert told.choices[0].finish_reason in {"stop", "length"}
    assert told.usage is not None
    assert told.usage.completion_tokens <= 16
    assert "." not in (told.choices[0].message.content or "") or given.get("stop") != ["."]


def test_the_same_seed_gives_the_same_text(client: OpenAI) -> None:
    texts = {
        client.chat.completions.create(
            model="footnote-base",
            messages=[user("Name an animal.")],
            temperature=1.0,
            seed=11,
            max_tokens=12,
        )
        .choices[0]
        .message.content
        for _ in range(2)
    }

    assert len(texts) == 1


def test_a_json_schema_is_kept_to(client: OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"animal": {"type": "string", "maxLength": 12}},
        "required": ["animal"],
        "additionalProperties": False,
    }
    told = client.chat.completions.create(
        model="footnote-base",
        messages=[user("Name an animal as JSON.")],
        response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
        max_tokens=60,
    )

    assert set(json.loads(told.choices[0].message.content or "")) == {"animal"}


def test_content_in_parts_is_read_and_pictures_are_refused(client: OpenAI) -> None:
    parts: Any = [{"type": "text", "text": QUESTION}]
    told = client.chat.completions.create(
        model="footnote", messages=[{"role": "user", "content": parts}]
    )
    assert "27 days" in (told.choices[0].message.content or "")
    parts = [{"type": "image_url", "image_url": {"url": "data:,x"}}]
    with pytest.raises(openai.BadRequestError, match="only text"):
        client.chat.completions.create(
            model="footnote", messages=[{"role": "user", "content": parts}]
        )


def test_what_is_not_in_the_documents_is_refused_in_words(client: OpenAI) -> None:
    told = client.chat.completions.create(
        model=f"footnote/{NAME}", messages=[user("What is the share price of Northlight?")]
    )

    assert "do not answer" in (told.choices[0].message.content or "")
    assert told.model_extra["answered"] is False  # type: ignore[index]


def test_embeddings_are_vectors_of_unit_length_in_both_formats(client: OpenAI) -> None:
    plain = client.embeddings.create(
        model="footnote-embedding", input=["a", "b"], encoding_format="float"
    )
    packed = client.embeddings.with_raw_response.create(
        model="footnote-embedding", input="a", encoding_format="base64"
    )

    assert len(plain.data) == 2
    assert sum(value**2 for value in plain.data[0].embedding) == pytest.approx(1, abs=1e-3)
    encoded = json.loads(packed.text)["data"][0]["embedding"]
    values = struct.unpack("<384f", base64.b64decode(encoded))
    assert values == pytest.approx(plain.data[0].embedding, abs=1e-3)


@pytest.mark.parametrize(
    ("given", "kind", "code"),
    [
        ({"model": "nope"}, openai.NotFoundError, "model_not_found"),
        ({"model": "footnote/none"}, openai.NotFoundError, "model_not_found"),
        ({"messages": []}, openai.BadRequestError, "invalid_request"),
        ({"temperature": 5}, openai.BadRequestError, "invalid_request"),
        (
            {"messages": [user("x" * 150_000), user("And then?")]},
            openai.BadRequestError,
            "invalid_request",
        ),
        ({"messages": [{"role": "assistant", "content": "x"}]}, openai.BadRequestError, "invalid"),
    ],
)
def test_errors_have_openais_shape(
    client: OpenAI, given: dict[str, Any], kind: type[openai.APIStatusError], code: str
) -> None:
    wanted: dict[str, Any] = {"model": "footnote", "messages": [user(QUESTION)]} | given

    with pytest.raises(kind) as caught:
        client.chat.completions.create(**wanted)

    body: Any = caught.value.body
    assert code in body["code"]
    assert body["type"] == "invalid_request_error"


def test_a_wrong_key_is_an_authentication_error(service: Any) -> None:
    with (
        OpenAI(base_url=f"{service.url}/v1", api_key="fn-wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()


def test_another_footnote_may_run_the_generator(service: Any, client: OpenAI) -> None:
    assert client is not None
    remote = HttpxGenerator(RemoteModel([f"{service.url}/v1"], service.key, "footnote-base", 1024))
    asked = Prompt((), turns=(Turn("system", "Answer in one word."), Turn("user", "Say hello.")))

    steps = list(remote.generate(asked, Sampling(max_tokens=8), lambda: False))
    remote.close()

    assert "".join(step.text for step in steps).strip()
    assert steps[-1].finish in {"stop", "length"}


@pytest.mark.parametrize("asked", [QUESTION, [user(QUESTION)]])
def test_a_response_has_marks_annotations_and_usage(client: OpenAI, asked: Any) -> None:
    told = client.responses.create(model=f"footnote/{NAME}", input=asked, instructions="Be brief.")

    assert told.status == "completed"
    assert "27 days" in told.output_text
    assert told.usage is not None
    assert told.usage.total_tokens == told.usage.input_tokens + told.usage.output_tokens > 0
    message: Any = told.output[0]
    annotation = message.content[0].annotations[0]
    assert annotation.type == "url_citation"
    assert "27 days" in told.output_text[annotation.start_index : annotation.end_index]
    assert told.model_extra is not None
    assert told.model_extra["footnotes"][0]["quote"].startswith("Every employee")


def test_a_response_goes_on_from_the_conversation_that_is_sent(client: OpenAI) -> None:
    first = [user("How many days of sailing leave are there?")]
    said: Any = {"role": "assistant", "content": [{"type": "output_text", "text": "27 days."}]}
    talk = [*first, said, user("And when do unused ones expire?")]
    told = client.responses.create(model=f"footnote/{NAME}", input=talk)

    assert "March" in told.output_text


@pytest.mark.parametrize("model", [f"footnote/{NAME}", "footnote-base"])
def test_a_streamed_response_is_whole_at_its_end(client: OpenAI, model: str) -> None:
    asked = client.responses.create(model=model, input=QUESTION, max_output_tokens=24, stream=True)
    events: list[Any] = list(asked)
    final = events[-1].response

    text = "".join(one.delta for one in events if one.type == "response.output_text.delta")
    assert text == final.output_text
    assert text
    assert [one.sequence_number for one in events] == list(range(len(events)))
    assert final.status in {"completed", "incomplete"}


def test_a_response_cannot_go_on_from_an_id(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        client.responses.create(model="footnote", input=QUESTION, previous_response_id="resp_1")
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="nope", input=QUESTION)


@pytest.mark.parametrize("path", ["chat/completions", "responses"])
def test_an_error_in_a_stream_leaves_the_connection_whole(service: Any, path: str) -> None:
    talk = {"messages": [user("word " * 9000)]} if "chat" in path else {"input": "word " * 9000}
    body = {"model": "footnote-base", "stream": True, **talk}
    headers = {"Authorization": f"Bearer {service.key}"}
    with httpx.Client(base_url=service.url, headers=headers, timeout=60) as kept:
        for _ in range(3):
            told = kept.post(f"/v1/{path}", json=body)
            assert told.status_code == 200
            assert "longer than the context" in told.text
            assert told.headers["x-accel-buffering"] == "no"
            assert kept.get("/v1/models").status_code == 200


def test_an_answer_from_documents_ends_at_a_stop_and_is_no_json(client: OpenAI) -> None:
    asked: Any = {"model": "footnote", "messages": [user(QUESTION)]}
    whole = client.chat.completions.create(**asked).choices[0].message.content or ""
    stop = whole.split()[2]

    told = client.chat.completions.create(**asked, stop=[stop]).choices[0]
    pieces = client.chat.completions.create(**asked, stop=stop, stream=True)
    streamed = "".join(one.choices[0].delta.content or "" for one in pieces if one.choices)

    assert told.message.content == streamed == whole[: whole.index(stop)]
    assert told.finish_reason == "stop"
    with pytest.raises(openai.BadRequestError, match="footnote-base"):
        client.chat.completions.create(**asked, response_format={"type": "json_object"})


@pytest.mark.usefixtures("client")
def test_a_key_that_may_nothing_gets_no_vectors(service: Any) -> None:
    made = service.call("POST", "/v1/keys", {"name": "nobody"})[1]
    asked = {"model": "footnote-embedding", "input": "tea"}

    assert service.call("POST", "/v1/embeddings", asked, made["key"])[0] == 403
    assert service.call("POST", "/v1/embeddings", asked)[0] == 200


@pytest.mark.usefixtures("client")
def test_half_a_character_in_a_form_is_the_callers_to_mend(service: Any) -> None:
    form = {"type": "json_schema", "name": "x", "schema": {"type": "object", "x": "\ud800"}}
    asked = {"model": "footnote-base", "input": "Say yes.", "text": {"format": form}}

    status, told = service.call("POST", "/v1/responses", asked)

    assert status in {400, 422}
    assert "text.format" in str(told)


def test_what_cannot_be_done_is_the_callers_to_mend(client: OpenAI) -> None:
    for given in (
        {"messages": [user("word " * 9000)]},
        {
            "messages": [user("x")],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": {"type": "nonsense"}},
            },
        },
    ):
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="footnote-base", **given)


def test_nulls_and_the_likeliest_words_are_taken_as_openai_means_them(
    service: Any, client: OpenAI
) -> None:
    asked = {"model": "footnote-base", "messages": [user("Say yes.")], "max_tokens": 8}
    nulls = {"stream": None, "stream_options": {"include_usage": None}, "top_p": None}
    status, told = service.call("POST", "/v1/chat/completions", {**asked, **nulls})
    assert status == 200, told
    likeliest = {
        client.chat.completions.create(**asked, top_p=0, temperature=1, seed=seed)  # type: ignore[call-overload]
        .choices[0]
        .message.content
        for seed in (1, 2, 3)
    }
    assert len(likeliest) == 1
    refused = {"role": "assistant", "content": [{"type": "refusal", "refusal": "I will not."}]}
    talk: Any = [user("Hello"), refused, user(QUESTION)]
    assert client.chat.completions.create(model=f"footnote/{NAME}", messages=talk).choices
    long: Any = [
        user(f"Question {i}?") if i % 2 == 0 else {"role": "assistant", "content": "So."}
        for i in range(300)
    ]
    long.append(user(QUESTION))
    told = client.chat.completions.create(model=f"footnote/{NAME}", messages=long).choices[0]
    assert "27" in str(told.message.content)


def test_errors_before_any_route_have_openais_shape(service: Any) -> None:
    headers = {"Authorization": f"Bearer {service.key}"}
    with httpx.Client(base_url=service.url, headers=headers, timeout=60) as kept:
        long = kept.post("/v1/chat/completions", content=b"x" * (5 * 1024 * 1024))
        wrong = kept.get("/v1/chat/completions")
        assert kept.head("/health/ready").status_code == 200
        assert kept.get("/mcp").status_code == 405

    assert long.status_code == 413
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "POST"
    assert {"type", "param"} <= long.json()["error"].keys() & wrong.json()["error"].keys()


def test_a_key_that_may_nothing_neither_counts_nor_generates(service: Any) -> None:
    key = service.call("POST", "/v1/keys", {"name": "bare"})[1]["key"]

    asked = {"model": "footnote-base", "messages": [user("Hi")]}
    assert service.call("POST", "/v1/chat/completions", asked, key)[0] == 403
    assert service.call("GET", "/metrics", key=key)[0] == 403
