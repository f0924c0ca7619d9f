/** Where a link may lead after a sign-in: a path of this server, as the browser itself reads it. Pure. */

/**
 * Path, query and fragment of `next` if it stays at `origin`; null otherwise. Browsers drop tabs and line ends, and
 * take `\\` for `/`.
 */
export function localPath(next: string | null, origin: string): string | null {
  if (next === null || !next.startsWith("/") || !URL.canParse(next, origin)) return null;
  const to = new URL(next, origin);
  return to.origin === origin ? to.pathname + to.search + to.hash : null;
}
