"""Orders: messages to radios, their queue and what became of them."""
