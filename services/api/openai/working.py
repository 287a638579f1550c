"""What OpenAI's interfaces have done: a conversation's answer, or the bare generator's words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from services.api.admitted import Admitted, Told
from services.api.ask import admitted
from services.api.openai.models import BASE, meant_by, refuse_who_may_nothing
from services.api.openai.replies import Reply, answer_reply, stopped
from services.api.openai.schemas import ChatBody
from services.api.schemas import MOST_TURNS, AskBody, question_body, without_none
from services.api.state import Service
from services.domain.errors import CancelledError, InvalidRequestError
from services.domain.scope import Scope
from services.engine import Generator, Part, Prompt, Step
from services.engine.templates import TEMPLATES, chat_parts, question_parts

_MOST_TOKENS = 4096


def work_for(service: Service, scope: Scope, body: ChatBody) -> Admitted:
    """Return the work that a conversation asks for, its place still to be taken."""
    meant = meant_by(body.model, scope)
    if meant.is_base:
        return _bare(service, scope, body)
    return admitted(service, scope, _asked(body, meant.collections))


def reply_of(last: tuple[str, object], stops: Sequence[str] = ()) -> Reply:
    """Return how the work ended; an answer from documents as far as the first of *stops*."""
    name, told = last
    if name == "answer":
        return stopped(answer_reply(told), stops)  # type: ignore[arg-type]
    assert isinstance(told, Reply)  # noqa: S101 - the only other end of work
    return told


def tokens_of(generator: Generator, body: ChatBody, reply: Reply) -> tuple[int, int]:
    """Return the tokens read and written; counted here where the answer needed no generator."""
    prompt, completion = reply.step.prompt_tokens, reply.step.completion_tokens
    if not prompt:
        asked = "\n".join(message.text for message in body.messages)
        prompt = generator.count_tokens(asked)
    return prompt, completion or generator.count_tokens(reply.text)


def _asked(body: ChatBody, collections: list[str] | None) -> AskBody:
    """Return the conversation as a question: its last message, after the turns before it."""
    if body.response_format is not None and body.response_format.type != "text":
        message = f"response_format: answers from documents are text; {BASE} writes JSON."
        raise InvalidRequestError(message)
    said = [message.turn for message in body.messages]
    talk = [turn for turn in said if turn.role in {"user", "assistant"} and turn.content.strip()]
    if not talk or talk[-1].role != "user":
        message = "messages: the last one must be a question of the user."
        raise InvalidRequestError(message)
    most = body.max_completion_tokens or body.max_tokens or 0
    return question_body(
        question=talk[-1].content,
        collections=collections,
        history=[
            {"role": turn.role, "content": turn.content} for turn in talk[-1 - MOST_TURNS : -1]
        ],
        max_tokens=min(most, _MOST_TOKENS) or None,
        **without_none({"temperature": body.heat, "top_p": body.top_p or None}),
        seed=None if body.seed is None else body.seed % 2**32,
    )


def _bare(service: Service, scope: Scope, body: ChatBody) -> Admitted:
    """Return the generator's own words after the messages, without any document."""
    refuse_who_may_nothing(scope)
    service.take_question(scope.principal)
    generator = service.house.generator
    said = tuple(message.turn for message in body.messages)
    family = generator.card.template
    prompt = Prompt(
        (*chat_parts(family, said[:-1]), *question_parts(family, [Part(said[-1].content)])),
        TEMPLATES[family].end_marks,
        # Nobody shares what others have written here.
        share=f"base {scope.principal}",
        owner=scope.principal,
        turns=said,
    )
    sampling = body.sampling(service.settings.answer_tokens)
    sampling = replace(sampling, stop=(*sampling.stop, *prompt.stop))

    def steps(_waited_s: float, ended: Callable[[], bool]) -> Iterator[Told]:
        step, text = Step(), []
        for step in generator.generate(prompt, sampling, ended):
            if step.text:
                text.append(step.text)
                yield "delta", {"text": step.text}
        used = step.prompt_tokens + step.completion_tokens
        service.budgets.note("tokens", scope.principal, used)
        if step.finish == "cancelled":
            message = "The answer was given up before its end: ask again."
            raise CancelledError(message)
        yield "reply", Reply("".join(text), step.finish or "stop", step)

    return Admitted(service, scope, service.settings.deadline_s, steps)
