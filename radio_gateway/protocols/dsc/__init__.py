"""Digital selective calling (ITU-R M.493)."""
