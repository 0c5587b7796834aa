"""Tests of what the site says: rules, pages, snippets."""
