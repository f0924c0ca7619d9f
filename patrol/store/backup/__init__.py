"""Back-up of the store, and the check of its journal."""
