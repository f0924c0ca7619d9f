"""Routes of planning: agreements, sectors, patrols, the duty roster."""
