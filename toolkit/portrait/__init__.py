"""Portrait: who the members are. One module a question family."""
