"""Units: boats, crews and their radios; accounts, roles and permissions; structs of the wire."""
