"""Quality on the evaluation sets: fitting the constants, and the plain pipeline beside ours."""
