/**
 * A call for help: on the disk at once, sent after some seconds in which it can be called off, and called off with a
 * word after that.
 */

import { signal } from "@preact/signals";
import { shared } from "../../../browser/shared-promise.ts";
import { database, newId, type Profile, phoneKey } from "../../../phone/database.ts";
import { open, type Sealed, seal } from "../../../phone/encryption.ts";
import { HOLD_MS, waitsUntil } from "../../../phone/report-interval.ts";
import type { Report } from "../../../phone/reports.ts";
import { isoTime } from "../../../phone/server-clock.ts";
import { inTime, keepCall, LONGEST_WRITE_MS, renew, stateOf, takeBack } from "./outbox.ts";
import { inDistress, placeNow } from "./position.ts";
import { hurry } from "./sender.ts";

/** How long it can be called off without a word. */
export const SECONDS_TO_CANCEL = HOLD_MS / 1000;

export interface Sos {
  id: string;
  /** ms by this phone. */
  at: number;
  sendsAt: number;
  /** `ready`: may still be called off; `waiting`: not yet taken by the server; `taken`: the server has it. */
  state: "ready" | "waiting" | "taken";
  /** Since when the server has it, ms by this phone; null when that was not seen. */
  takenAt: number | null;
}

/** The call for help of this profile; null when there is none. */
export const sos = signal<Sos | null>(null);

/** How long the page says that it is over. */
const SAID_MS = 15_000;

export interface Ended {
  /** `unsent`: nobody was told of it; `saying`: the word that it is over waits; `said`: the server has that word. */
  state: "unsent" | "saying" | "said";
  /** Of the word that it is over. */
  id: string | null;
}

/** What became of the last one that was called off here; null when there is nothing to say. */
export const ended = signal<Ended | null>(null);

/**
 * Those that the disk does not know, by profile: who opens the page with a PIN, or turns to another crew and back, sees
 * them still.
 */
const inPage = new Map<string, Sos>();

/**
 * Calls for help. When this resolves it is on the disk; false where that is full: then it goes out only while the page
 * is open. Who presses again, because nothing is to be seen yet, calls once.
 */
export const callForHelp = shared(call);

async function call(profile: Profile): Promise<boolean> {
  const at = Date.now();
  const pressed = performance.now();
  const id = newId();
  const sendsAt = at + SECONDS_TO_CANCEL * 1000;
  const time = isoTime(at);
  const place = placeNow(SECONDS_TO_CANCEL * 1000 - 500);
  const first = await placeNow(0); // what is known already
  const onDisk = await keepCall(report(id, time, first), profile, { notBefore: sendsAt }, () => {
    const now = sos.peek();
    if (now?.id === id) void remember(profile, now);
  });
  const found: Sos = { id, at, sendsAt, state: "ready", takenAt: null };
  if (onDisk) await inTime(remember(profile, found), LONGEST_WRITE_MS).catch(() => undefined);
  // not noted on the disk: a page that opens anew would think that the server has it
  else inPage.set(profile.id, found);
  sos.value = found;
  inDistress.value = true;
  setTimeout(
    () => {
      if (sos.peek()?.id === id && sos.peek()?.state === "ready") sos.value = { ...found, state: "waiting" };
      hurry();
    },
    Math.max(0, SECONDS_TO_CANCEL * 1000 - (performance.now() - pressed)) + 20,
  );
  void place
    .then(async (better) => {
      if (better !== null) await renew(report(id, time, better), profile);
    })
    .catch(() => undefined); // the first place stands
  return onDisk;
}

function report(id: string, at: string, place: Awaited<ReturnType<typeof placeNow>>): Report {
  if (place === null) return { id, kind: "sos", at };
  const { at: _, ...where } = place;
  return { id, kind: "sos", at, ...where };
}

/** The last one that was called off here: who presses twice says it once. */
const calledOff = signal("");

/** Calls it off: in its first seconds as if it had not been; after that by telling so. */
export async function callOff(profile: Profile): Promise<void> {
  const now = sos.peek();
  if (now === null || now.id === calledOff.peek()) return;
  calledOff.value = now.id;
  const unsent =
    now.state === "ready" && isHeld(now) && (await inTime(takeBack(now.id), LONGEST_WRITE_MS).catch(() => false));
  const id = unsent ? null : newId();
  // Where the call could not be taken back the word comes after it.
  if (id !== null)
    await keepCall({ id, kind: "sos_cancel", at: isoTime() }, profile, isHeld(now) ? { notBefore: now.sendsAt } : {});
  const noted = over(profile);
  sayEnd(id === null ? { state: "unsent", id } : { state: "saying", id });
  hurry();
  await noted; // last: a disk may hang
}

function sayEnd(what: Ended): void {
  ended.value = what;
  if (what.state === "saying") return; // until the server has it
  setTimeout(() => {
    if (ended.peek() === what) ended.value = null;
  }, SAID_MS);
}

/** It is over: called off here, or cleared by the office. */
export async function over(profile: Profile): Promise<void> {
  sos.value = null;
  inDistress.value = false;
  await remember(profile, null);
}

/** Longer than an answer may be under way: one that was given before the call was there says nothing of it. */
const ANSWERS_MS = 30_000;

/**
 * Whether an answer that was asked for then, and that knows of no distress, means that the office has cleared the call.
 * Pure.
 */
export function isCleared(call: Sos | null, askedAt: number): boolean {
  return call?.state === "taken" && Math.abs(askedAt - (call.takenAt ?? call.at)) > ANSWERS_MS;
}

/** The crew threw away what the office would not have: nobody may believe that it is there. */
export async function discarded(profile: Profile, id: string): Promise<void> {
  if (sos.peek()?.id === id) await over(profile);
  if (ended.peek()?.id === id) ended.value = null;
}

/** What was on when the page went, if something was. */
export async function recall(profile: Profile): Promise<void> {
  const found = await remembered(profile);
  if (found === null) {
    sos.value = null;
    inDistress.value = false;
    return;
  }
  const waits = (await stateOf(found.id)) !== null;
  sos.value = {
    ...found,
    takenAt: found.takenAt ?? null,
    state: isHeld(found) ? "ready" : waits ? "waiting" : "taken",
  };
  inDistress.value = true;
  setTimeout(() => void look(profile), (isHeld(found) ? found.sendsAt - Date.now() : 0) + 20);
}

/** Looks whether the server has taken it, or the word that it is over. */
export async function look(profile: Profile): Promise<void> {
  const word = ended.peek();
  if (word?.state === "saying" && word.id !== null && (await stateOf(word.id)) === null && ended.peek() === word)
    sayEnd({ ...word, state: "said" });
  const now = sos.peek();
  if (now === null || isHeld(now)) return;
  const state = (await stateOf(now.id)) === null ? "taken" : "waiting";
  if (sos.peek() !== now || now.state === state) return;
  const found: Sos = { ...now, state, takenAt: state === "taken" ? Date.now() : null };
  sos.value = found;
  if (state === "taken") await remember(profile, found);
}

/** Whether it may not go yet. */
function isHeld({ sendsAt }: Sos): boolean {
  return waitsUntil(sendsAt, Date.now(), HOLD_MS);
}

/** So that it is known after a reload. A full phone does not know it then, and that must not stop the call. */
async function remember(profile: Profile, found: Sos | null): Promise<void> {
  if (found === null) inPage.delete(profile.id);
  try {
    const db = await database();
    const name = `sos ${profile.id}`;
    if (found === null) await db.delete("phone", name);
    else await db.put("phone", await seal(await phoneKey(), found), name);
    if (inPage.get(profile.id)?.id === found?.id) inPage.delete(profile.id);
  } catch (fault) {
    if (found !== null && found.id !== calledOff.peek()) inPage.set(profile.id, found);
    console.warn("not kept: sos", fault);
  }
}

/** Null for none, too when nothing can open it: a phone that lost its own key opens its page all the same. */
async function remembered(profile: Profile): Promise<Sos | null> {
  const known = inPage.get(profile.id);
  if (known !== undefined) return known;
  const sealed = await (await database()).get("phone", `sos ${profile.id}`);
  if (sealed === undefined) return null;
  try {
    return await open<Sos>(await phoneKey(), sealed as Sealed);
  } catch (fault) {
    console.warn("not readable: sos", fault);
    return null;
  }
}
