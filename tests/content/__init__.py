"""The pages and the snippets themselves."""
