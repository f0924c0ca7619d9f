"""Health: how channels fare, for people and for Prometheus."""
