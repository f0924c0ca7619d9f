/** Unsaved work of the person who is signed in: kept in this tab over a reload, and gone when they sign out.
 *
 * The tab's own storage holds it, so that it is gone with the tab too. A sign-out in another tab of the same browser is
 * told through a random mark in the common storage, which says nothing of what was drafted. A time would not do: after
 * a clock is set back, whoever signs in would be signed out at once.
 */
import { session } from "./session.ts";

/** One draft, and when it was last touched, milliseconds of this machine. */
export interface StoredDraft<T> {
  at: number;
  what: T;
}

const PREFIX = "jp.draft.";
/** Holds the mark of the last sign-out: in the common storage that of the browser, in the tab's that of its drafts. */
const OUT = "jp.signed_out";
/** A draft that nobody took up for so long belongs to another watch. */
const LONGEST_MS = 12 * 3_600_000;
/** Set once somebody signed out: nothing may be written after that. */
let over = false;
/** The mark as this page found it. */
let began: string | null = null;

/** What was kept under a name for this person and office; nothing where storage is off or holds something else. */
export function readDrafts<T>(name: string, fits: (what: unknown) => what is T): StoredDraft<T>[] {
  try {
    return listOf(sessionStorage.getItem(keyOf(name))).filter(
      (each): each is StoredDraft<T> => typeof each?.at === "number" && fits(each.what),
    );
  } catch {
    return [];
  }
}

/** Keeps the drafts of a name in place of those before; none takes them away. */
export function writeDrafts<T>(name: string, drafts: readonly StoredDraft<T>[]): void {
  if (over) return;
  try {
    if (drafts.length === 0) sessionStorage.removeItem(keyOf(name));
    else sessionStorage.setItem(keyOf(name), JSON.stringify(drafts));
  } catch {
    // Storage is off or full: the draft lives with the page.
  }
}

/** Takes away what is not this person's and what is old. Each page does so once it knows who is there. */
export function tidyDrafts(nowMs = Date.now()): void {
  dropUpTo(nowMs - LONGEST_MS, (key) => key.startsWith(ownPrefix()));
  try {
    // Older versions kept drawings where every user of the machine can find them.
    for (const key of Object.keys(localStorage)) if (key.startsWith("jp.planner.draft.")) localStorage.removeItem(key);
  } catch {
    // Storage is off: there is nothing.
  }
}

/** Takes every draft away, here and, by its word, in every other tab. Whoever signs out does this. */
export function forgetDrafts(): void {
  over = true;
  clear();
  try {
    localStorage.setItem(OUT, crypto.getRandomValues(new Uint32Array(4)).join("-"));
  } catch {
    // Storage is off: other tabs kept nothing either.
  }
}

/** Takes away what is of before a sign-out, now and whenever somebody signs out in another tab; `act` is done then. */
export function watchSignOut(act: () => void = () => undefined): void {
  // Once for the page: who watches later must not miss what came in between.
  const found = (began ??= lastSignOut());
  let done = false;
  const look = (): void => {
    dropOfBefore();
    if (done || lastSignOut() === found) return;
    done = over = true;
    act();
  };
  look();
  addEventListener("storage", look);
  // The browser may show a page again as it was left.
  addEventListener("pageshow", look);
}

/**
 * Takes away drafts that were written under another mark than the last: their tab was closed or away at the sign-out.
 */
function dropOfBefore(): void {
  const last = lastSignOut();
  try {
    if ((sessionStorage.getItem(OUT) ?? "") === last) return;
    clear();
    sessionStorage.setItem(OUT, last);
  } catch {
    // Storage is off: there is nothing.
  }
}

function clear(): void {
  dropUpTo(Infinity, () => true);
}

/** Takes away the drafts that were touched up to a time, and all of a key that may not stay or cannot be read. */
function dropUpTo(ms: number, stays: (key: string) => boolean): void {
  try {
    for (const key of Object.keys(sessionStorage).filter((each) => each.startsWith(PREFIX))) {
      const all = stays(key) ? listOf(sessionStorage.getItem(key)) : [];
      const left = all.filter((each) => each?.at > ms);
      if (left.length === 0) sessionStorage.removeItem(key);
      else if (left.length < all.length) sessionStorage.setItem(key, JSON.stringify(left));
    }
  } catch {
    // Storage is off: there is nothing.
  }
}

/** What another version wrote is no list of ours: it counts as nothing. */
function listOf(text: string | null): StoredDraft<unknown>[] {
  try {
    const found = JSON.parse(text ?? "[]") as unknown;
    return Array.isArray(found) ? (found as StoredDraft<unknown>[]) : [];
  } catch {
    return [];
  }
}

function lastSignOut(): string {
  try {
    return localStorage.getItem(OUT) ?? "";
  } catch {
    return "";
  }
}

function ownPrefix(): string {
  const here = session.peek();
  return `${PREFIX}${encodeURIComponent(here?.agency.id ?? "")}.${encodeURIComponent(here?.user ?? "")}.`;
}

function keyOf(name: string): string {
  return ownPrefix() + name;
}
