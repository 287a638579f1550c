"""An agent that asks several questions to answer one: LangChain's tools over a running Footnote.

    make serve                                # in another terminal, with documents in it
    .venv/bin/python examples/agent.py "How long is probation and how long is sick pay?"

The model of the agent is any chat model of LangChain's that calls tools; set AGENT_URL, AGENT_MODEL
and AGENT_KEY to a server with OpenAI's chat completions (and install langchain-openai). Without
them the question is taken apart by rule: the example runs with nothing but Footnote.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolCall
from langchain_core.tools import BaseTool, tool

from services.client.httpx_client import FootnoteClient

URL = os.environ.get("FOOTNOTE_URL", "http://127.0.0.1:8400")
_SPLIT = re.compile(r"\s+(?:and|with|against|versus|vs\.?)\s+|[和与及、]")
_TASK = (
    "Answer from the documents alone. Ask one question for each fact that you need, with the tool "
    "ask_documents, then put the answers together, and keep their marks like [1]."
)


def asking(client: FootnoteClient) -> BaseTool:
    """Return a tool that asks the documents; each of its answers names its sources."""

    @tool
    def ask_documents(question: str) -> str:
        """Ask the company's documents one question; the answer quotes its sources."""
        answer = client.call("POST", "/v1/ask", json={"question": question})
        sources = "\n".join(
            f"[{one['number']}] {one['document_name']}: {one['quote']}"
            for one in answer["citations"]
        )
        return f"{answer['answer']}\n{sources}".strip()

    return ask_documents


def model_for(question: str) -> BaseChatModel:
    """Return the agent's model: the one that the environment names, or a rule."""
    if "AGENT_URL" in os.environ:
        from langchain_openai import ChatOpenAI  # noqa: PLC0415 - only where a server is named

        model: BaseChatModel = ChatOpenAI(
            base_url=os.environ["AGENT_URL"],
            model=os.environ.get("AGENT_MODEL", "default"),
            api_key=os.environ.get("AGENT_KEY", "none"),
        )
        return model
    return _Rule(messages=iter(()), question=question)


class _Rule(GenericFakeChatModel):
    """Asks once for each part of the question, then puts the answers below each other."""

    question: str

    def bind_tools(self, *_tools: object, **_given: object) -> "_Rule":
        """Return itself: it knows its one tool."""
        return self

    def _generate(self, messages: list[Any], *_rest: object, **_given: object) -> Any:  # noqa: ANN401
        from langchain_core.outputs import ChatGeneration, ChatResult  # noqa: PLC0415

        told = [str(message.content) for message in messages if message.type == "tool"]
        if told:
            reply = AIMessage("\n\n".join(told))
        else:
            parts = [part.strip(" .?。？") for part in _SPLIT.split(self.question) if part.strip()]
            calls = [
                ToolCall(name="ask_documents", args={"question": f"{part}?"}, id=f"call-{number}")
                for number, part in enumerate(parts)
            ]
            reply = AIMessage("", tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=reply)])


def main() -> None:
    """Ask the question of the command line."""
    question = (
        " ".join(sys.argv[1:]) or "How many days of leave are there and how long is probation?"
    )
    key = os.environ.get("FOOTNOTE_KEY") or Path("data/owner.key").read_text(encoding="ascii")
    with FootnoteClient(URL, key.strip()) as client:
        agent = create_agent(model_for(question), [asking(client)], system_prompt=_TASK)
        told = agent.invoke({"messages": [HumanMessage(question)]})
    for message in told["messages"]:
        for call in getattr(message, "tool_calls", []):
            print(f"asked: {call['args']['question']}")
    print(told["messages"][-1].content)


if __name__ == "__main__":
    main()
