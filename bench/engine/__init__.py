"""The engine beside llama_cpp.server and a plain serial Llama, on load of the shape of RAG."""
