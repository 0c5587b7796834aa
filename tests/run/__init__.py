"""How snippets run: one child process each, and what it leaves."""
