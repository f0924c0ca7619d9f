"""Patrol: units, documents and alerts of joint patrols, and what each agency may see of them."""
