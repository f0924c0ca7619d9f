/**
 * What this page could not read, show or do: told on the page, so that nobody takes what is missing for what is not
 * there.
 */
import { signal } from "@preact/signals";
import type { ItemFault } from "../wire/frame-parser.ts";

/** Things of the stream that were left out or are shown in part, by what and which they are. */
export const unread = signal<ReadonlySet<string>>(new Set());
/** Something failed that nobody expected: what is shown may be out of date. */
export const failed = signal(false);
/** The server has other pages than this one; empty while it has the same. */
export const otherBuild = signal("");

/** Names that are kept, at most; more say no more. */
const MOST = 200;
/** For which build this page was loaded anew already: where that changed nothing, it is not offered again. */
const TRIED = "jp.loaded_for_build";
/** The browser's word for work that was given up on purpose, or that is done with the next frame. */
const HARMLESS = /ResizeObserver loop|AbortError/;

/** Empty where there is no page, or one that follows no stream. */
const ownBuild = globalThis.document?.querySelector<HTMLMetaElement>('meta[name="build"]')?.content ?? "";

/** Takes what of a frame could not be read, or why applying it failed. */
export function noteFaults(faults: readonly ItemFault[], error?: unknown): void {
  if (error !== undefined) return noteFailure("stream", error);
  const fresh = faults.map((each) => `${each.what} ${each.id}`.trim()).filter((each) => !unread.peek().has(each));
  if (fresh.length === 0 || unread.peek().size >= MOST) return;
  unread.value = new Set([...unread.peek(), ...fresh].slice(0, MOST));
  console.warn(
    `stream: not read: ${faults
      .map((each) => `${each.what} ${each.id} (${each.fields.join(", ")})`)
      .join("; ")
      .slice(0, 2000)}`,
  );
}

/** Notes that something failed, where nobody needs to stop for it. */
export function noteFailure(where: string, error: unknown): void {
  console.error(`${where}:`, error);
  failed.value = true;
}

/** Compares the server's pages with this one, as each snapshot tells them. */
export function noteBuild(build: string | undefined): void {
  const other = build !== undefined && build !== "" && ownBuild !== "" && build !== ownBuild ? build : "";
  if (otherBuild.peek() !== other) otherBuild.value = other === triedBuild() ? "" : other;
}

export function reloadPage(): void {
  try {
    sessionStorage.setItem(TRIED, otherBuild.peek());
  } catch {
    // Without storage it is offered again.
  }
  location.reload();
}

/** Hears of everything that nobody caught. */
export function watchFailures(): void {
  addEventListener("error", ({ error, message, filename }) => {
    const ours = filename === "" || filename.startsWith(location.origin);
    if (ours && !HARMLESS.test(message)) noteFailure("uncaught", error ?? message);
  });
  addEventListener("unhandledrejection", ({ reason }) => {
    if (!HARMLESS.test(String(reason))) noteFailure("uncaught", reason);
  });
}

function triedBuild(): string | null {
  try {
    return sessionStorage.getItem(TRIED);
  } catch {
    return null;
  }
}
