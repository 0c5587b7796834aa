"""Code in a child process: limits, sections, results. Nothing here knows a rule or a page."""
