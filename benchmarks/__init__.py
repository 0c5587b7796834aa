"""How fast the site builds, beside other tools."""
