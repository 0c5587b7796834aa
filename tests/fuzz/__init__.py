"""Mutants of real pages, snippets, rules, a notebook and settings, and what the build makes of each."""
