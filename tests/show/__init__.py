"""Tests of livedocs.show."""
