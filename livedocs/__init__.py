"""The glue of the site: runs snippets, puts what they print on pages, and says what went wrong."""
