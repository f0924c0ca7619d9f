"""Exchange: what two nodes say to each other, as rules without a socket."""
