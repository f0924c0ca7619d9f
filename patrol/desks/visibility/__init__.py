"""What a desk lets one user see: units, history, documents."""
