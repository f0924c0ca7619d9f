"""Geography: places, rivers, borders, fences, tracks and files of them; knows nothing of radios."""
