"""The tests of the site and of its glue."""
