"""River address: a place said as river kilometre, bank and reach, in words that both sides use
on the radio."""
