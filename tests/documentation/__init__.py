"""Pages of the documentation that are made from code, and the commands that the pages give."""
