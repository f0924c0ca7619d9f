"""Layer catalogue: the reference layers that the product ships and those that a site adds."""
