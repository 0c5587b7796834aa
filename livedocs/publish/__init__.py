"""Pages to a folder that any host can serve. MkDocs appears in two files of this room."""
