"""A Markdown page to HTML and to a notebook. Nothing here knows MkDocs."""
