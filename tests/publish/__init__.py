"""What is made of the whole site, and how it is published."""
