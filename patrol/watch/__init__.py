"""Watch: the single writer: it runs the intake, the clock and the orders."""
