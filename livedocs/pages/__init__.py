"""A Markdown page becomes HTML and a notebook: what knows Python-Markdown, and not MkDocs."""
