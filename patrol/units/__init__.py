"""Units: boats, crews and their radios; accounts, roles and permissions; what the wire says of
them."""
