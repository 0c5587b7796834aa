"""A Markdown page on its way to HTML and to a notebook."""
