"""Border: on which country's side a place lies, how far from the line, and how sure that is."""
