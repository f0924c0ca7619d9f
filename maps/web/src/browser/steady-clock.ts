/** This machine's clock as the page counts by it. */

let back = 0;
let latest = 0;

/**
 * Milliseconds of this machine's clock. Put back it goes on from where it was: nothing grows fresher, and no silence
 * shorter, than it is.
 */
export function ownMs(): number {
  const wall = Date.now();
  if (wall + back < latest) back = latest - wall;
  latest = wall + back;
  return latest;
}
