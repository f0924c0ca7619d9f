"""Runtime: worker threads, systemd, limits of the process."""
