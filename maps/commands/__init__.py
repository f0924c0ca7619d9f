"""Commands: `joint-patrol …` on the command line."""
