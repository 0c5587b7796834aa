"""A measured rule as readers see it: HTML, notebook Markdown, drawings, data. Pure functions: no page, no state."""
