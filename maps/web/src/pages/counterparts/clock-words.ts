/** How far a clock is off, and how far that may be wrong itself. Pure. */

/** Seconds in as many digits as the error leaves, which is rounded up: `+1.23` ± `0.04`; `+604` ± `3`. */
export function clockWords({ difference_s, error_s }: { difference_s: number; error_s: number }): {
  difference: string;
  error: string;
} {
  const digits = error_s < 0.1 ? 2 : error_s < 1 ? 1 : 0;
  const difference = difference_s.toFixed(digits);
  const sign = Number(difference) > 0 ? "+" : "";
  return {
    difference: sign + (Number(difference) === 0 ? (0).toFixed(digits) : difference),
    error: (Math.ceil(error_s * 10 ** digits) / 10 ** digits).toFixed(digits),
  };
}
