"""Tests of livedocs.measure."""
