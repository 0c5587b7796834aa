"""One declaration for each function: its formula, its derivative, its special points. Data: no Markdown, no HTML."""
