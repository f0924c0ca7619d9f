"""`python -m tests.benchmarks`: all of them, one table."""

from tests.benchmarks.all import main

raise SystemExit(main())
