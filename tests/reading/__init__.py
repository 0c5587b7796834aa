"""The built site, as readers meet it: in a browser."""
