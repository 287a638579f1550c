"""OpenAI's interface: chat completions, models, embeddings, as other people's programs speak them.

Each collection that one may read is a model `footnote/NAME`, all of them together `footnote`; the
generator without documents is `footnote-base`. Answers are those of `/v1/ask`.
"""
