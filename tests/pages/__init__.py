"""Tests of livedocs.pages."""
