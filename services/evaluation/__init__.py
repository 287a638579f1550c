"""A set of questions to figures, through the same retrieval and answering that people use."""
