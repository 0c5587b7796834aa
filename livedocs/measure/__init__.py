"""One declaration beside torch becomes one measured rule: only here are torch and SymPy imported.

It runs in a child of the helper process; what it finds leaves as plain data (livedocs.measured).
"""
