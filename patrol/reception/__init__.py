"""Reception: a message as it was received and judged, before anything is known of its unit."""
