/** How far a clock is off, and how far that may be wrong itself. Pure. */

/** Seconds in as many digits as the error leaves: `+1.2` ± `0.04`; `+63` ± `2`. */
export function clockWords({ difference_s, error_s }: { difference_s: number; error_s: number }): {
  difference: string;
  error: string;
} {
  const digits = error_s < 0.1 ? 2 : error_s < 1 ? 1 : 0;
  const difference = difference_s.toFixed(digits);
  const sign = Number(difference) > 0 ? "+" : "";
  return {
    difference: sign + (Number(difference) === 0 ? (0).toFixed(digits) : difference),
    error: error_s.toFixed(digits),
  };
}
