"""Makes a release: wheels, bills of materials, Debian packages, sums."""
