/**
 * Sends what waits, in three lanes: calls for help wait for nothing else; then what somebody waits for before documents
 * and positions, photos last.
 */
import { computed, signal } from "@preact/signals";
import type { Profile } from "../../../phone/database.ts";
import type { Opened } from "../../../phone/keys.ts";
import { profiles } from "../../../phone/keys.ts";
import { dropOriginal, isGood, type Network, nextOriginal } from "../../../phone/originals.ts";
import type { Rank, Report } from "../../../phone/reports.ts";
import { forEach, isUnreadable, keyFor, sendableRanks } from "../../../phone/send-order.ts";
import { Failure, readSession, sendOriginal, sendPhoto, sendReports } from "../../../phone/server.ts";
import type { Took } from "../../../wire/crew.ts";
import {
  BATCH,
  type Batch,
  looseBatch,
  looseDue,
  nextBatch,
  nextDue,
  nextPhoto,
  photoRefused,
  refused,
  removePhoto,
  removeSent,
} from "./outbox.ts";
import { retryLoop } from "./retry-loop.ts";

export interface Link {
  /** `untried`: nothing had to be sent yet. `shut`: the server does not know this key or person any more. */
  state: "untried" | "well" | "none" | "shut" | "other";
  /** When the server last took something, ms by this phone; kept only while the page is open. */
  takenAt: number | null;
  /** What the server said that is not its usual yes. */
  fault: string;
}

export const link = signal<Link>({ state: "untried", takenAt: null, fault: "" });

/** Whatever was missed, by a timer that a sleeping phone lost or another tab that is gone, is sent by then. */
const LOOK_EVERY_MS = 30_000;
/** An original that did not go, or went over a bad link, is tried again then. */
const ORIGINAL_LATER_MS = 5 * 60_000;
/**
 * An original that had to make way is begun anew after this, and after nine times what was spent on it: what is thrown
 * away takes a tenth of the link.
 */
const MADE_WAY_MS = 1000;
/** A picture of so many bytes tells how fast a link is. */
const TELLING = 50_000;
/** Another tab sends for the same crew: this one looks again then. */
const OTHER_TAB_MS = 5000;

/**
 * A call for help is awaited by nobody else, and waits for nobody: not for a photo that is under way, not for the disk,
 * not for another tab. What comes twice has one effect.
 */
const inHand = retryLoop(sendLoose, noteFault);
const calls = retryLoop(sendCalls, noteFault);
const rest = retryLoop(sendRest, noteFault);
/** The cameras' own files go when all else is gone and the link is good. */
const originals = retryLoop(sendOriginals, (fault) =>
  Math.max(ORIGINAL_LATER_MS, fault instanceof Failure ? fault.waitMs : 0),
);
const lanes = [inHand, calls, rest] as const;

export const sending = computed(() => lanes.some((each) => each.busy.value));

/** Whose page this is. Of another tab the browser may know another. */
const here = signal<string | null>(null);
const opened = signal<Opened | null>(null);
/** How many reports go in one request: fewer on a network too thin to carry them in time. */
let most = BATCH;

/** Bytes a second of what large thing went last, and when, ms by this page. */
const measured = signal({ rate: 0, at: -Infinity });
/** Ends the original that is under way. */
const original = signal(new AbortController());

/** Tells whose page this is, and as whom it is open; null when it is nobody's, or locked. */
export function sendFor(profile: string | null, who: Opened | null): void {
  here.value = profile;
  opened.value = who;
  hurry();
}

/** Tries now, whatever went wrong before. */
export function hurry(): void {
  for (const each of lanes) each.hurry();
}

/** Tries when it is its turn. */
export function nudge(): void {
  for (const each of lanes) each.nudge();
  originals.nudge();
}

/** Begins to send whenever there is something and a link. */
export function startSending(): void {
  addEventListener("online", hurry);
  addEventListener("offline", () => {
    link.value = { ...link.peek(), state: "none" };
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") hurry();
  });
  setInterval(nudge, LOOK_EVERY_MS);
  hurry();
}

function noteFault(fault: unknown): number {
  const status = fault instanceof Failure ? fault.status : -1;
  const state = status === 0 ? "none" : status === 401 || status === 403 ? "shut" : "other";
  link.value = { ...link.peek(), state, fault: fault instanceof Error ? fault.message : "" };
  return fault instanceof Failure ? fault.waitMs : 0;
}

function well(some: number): void {
  link.value = { state: "well", takenAt: some > 0 ? Date.now() : link.peek().takenAt, fault: "" };
}

/** Calls for help that no disk has. */
async function sendLoose(went: () => void): Promise<number> {
  for (let batch = looseBatch(); batch !== null; batch = looseBatch()) {
    original.peek().abort();
    await settle(
      batch,
      await sendReports(batch.reports, keyFor(batch.profile, openedAs(batch.profile), 0) ?? null),
      null,
    );
    went();
  }
  return waitFor(looseDue());
}

/** Calls for help of all who are on this phone. Whether there is a network the browser knows too badly for these. */
async function sendCalls(went: () => void): Promise<number> {
  const all = await profiles();
  all.sort((a, b) => Number(b.id === here.peek()) - Number(a.id === here.peek()));
  await forEach(all, here.peek(), (profile) => drainRanks(profile, openedAs(profile), [0], went));
  // A page that was opened anew within the seconds of an SOS: nobody else wakes it.
  return waitFor(await nextDue(all));
}

function openedAs(profile: Profile): Opened | null {
  const who = opened.peek();
  return who?.profile.id === profile.id ? who : null;
}

function waitFor(due: number | null): number {
  return due === null ? 0 : Math.max(0, due - Date.now()) + 20;
}

/** All else of the crew whose page this is. */
async function sendRest(went: () => void): Promise<number> {
  await calls.idle(); // they go before all
  if (!navigator.onLine) {
    link.value = { ...link.peek(), state: "none" };
    return 0; // the event `online` wakes it
  }
  const whose = here.peek();
  if (whose === null) return 0;
  // One tab sends at a time: the server would take twice what it knows, but a thin network must not carry it twice.
  return navigator.locks.request(`joint-patrol-crew-send ${whose}`, { ifAvailable: true }, async (lock) => {
    if (lock === null) return OTHER_TAB_MS;
    await drain(whose, went);
    return 0;
  });
}

async function drain(whose: string, went: () => void): Promise<void> {
  const profile = (await profiles()).find((each) => each.id === whose);
  if (profile === undefined) return;
  const who = openedAs(profile);
  // What takes the PIN stands in nobody's way: positions go out beside a text that was written before the page was
  // locked.
  const ranks = sendableRanks(profile, who).filter((rank) => rank > 0);
  await drainRanks(profile, who, ranks, went);
  if (who === null) return;
  await drainPhotos(who, ranks, went);
  await drainRanks(profile, who, ranks, went);
  originals.nudge();
}

async function drainRanks(
  profile: Profile,
  who: Opened | null,
  ranks: readonly Rank[],
  went: () => void,
): Promise<void> {
  const able = ranks.filter((rank) => keyFor(profile, who, rank) !== undefined);
  let sure = false;
  for (let size = most; ; ) {
    // Asked anew each time: what is urgent goes before the next hundred positions.
    const batch = await nextBatch(profile, who, size, able);
    if (batch === null) return;
    if (batch.rank <= 1) original.peek().abort(); // somebody waits for it
    if (batch.rank > 0 && !sure) await ensureOwn(profile);
    sure ||= batch.rank > 0;
    const by = keyFor(profile, who, batch.rank) ?? null;
    let answer: Took;
    try {
      answer = await sendReports(batch.reports, by);
    } catch (fault) {
      const half = Math.ceil(batch.reports.length / 2);
      // One that found no way, as a call for help, says nothing of how many would.
      if (fault instanceof Failure && fault.slow && batch.reports.length > 1) most = Math.min(most, half);
      if (!isUnreadable(fault)) throw fault;
      // The server cannot read the batch: by halves down to the one that is at fault.
      if (batch.reports.length > 1) {
        size = half;
        continue;
      }
      answer = {
        taken: [],
        refused: [{ id: batch.reports[0]?.id ?? "", error: "unreadable", message: fault.message }],
      };
    }
    if (batch.reports.length >= most) most = Math.min(BATCH, Math.ceil(most * 1.25)); // it may be less thin again
    size = most;
    await settle(batch, answer, who);
    went();
  }
}

/** Nobody reports in another's name: throws when it is another who has signed in, or nobody. */
async function ensureOwn(profile: Profile): Promise<void> {
  if (profile.device === null && (await readSession())?.user !== profile.user) throw new Failure(401, "");
}

/**
 * Only what the server names leaves the outbox; what it does not name would come again and again, so it is an error.
 */
async function settle(batch: Batch, answer: Took, who: Opened | null): Promise<void> {
  const mine = new Set(batch.reports.map((each: Report) => each.id));
  const done = answer.taken.filter((id) => mine.has(id));
  const not = answer.refused.filter((each) => mine.has(each.id));
  await removeSent(done);
  await refused(batch, not, who);
  if (done.length + not.length === 0) throw new Failure(502, "the server named none of what was sent");
  well(done.length);
}

async function drainPhotos(who: Opened, ranks: readonly Rank[], went: () => void): Promise<void> {
  for (let photo = await nextPhoto(who); photo !== null; photo = await nextPhoto(who)) {
    await ensureOwn(who.profile);
    try {
      const sentAt = performance.now();
      await sendPhoto(photo.id, photo.bytes, photo.type, who.key);
      measure(photo.bytes.length, sentAt);
      await removePhoto(photo.id);
      well(1);
      went();
    } catch (fault) {
      if (!isUnreadable(fault)) throw fault;
      await photoRefused(photo.id);
    }
    // A photo takes long on a thin network: what is urgent must not wait for the next one.
    await drainRanks(who.profile, who, ranks, went);
  }
}

async function sendOriginals(went: () => void): Promise<number> {
  await rest.idle();
  const who = opened.peek();
  if (who === null || !navigator.onLine) return 0;
  return navigator.locks.request(
    `joint-patrol-crew-originals ${who.profile.id}`,
    { ifAvailable: true },
    async (lock) => {
      if (lock === null) return 0;
      for (let next = await nextOriginal(who); next !== null; next = await nextOriginal(who)) {
        if (opened.peek() !== who) return 0;
        // What was measured long ago tells of another link: then the browser's own word counts.
        const rate = performance.now() - measured.peek().at < ORIGINAL_LATER_MS ? measured.peek().rate : null;
        if (!isGood((navigator as { connection?: Network }).connection, rate)) return ORIGINAL_LATER_MS;
        const stop = new AbortController();
        original.value = stop;
        const sentAt = performance.now();
        try {
          await ensureOwn(who.profile);
          await sendOriginal(next.id, next.bytes, who.key, stop.signal);
          measure(next.bytes.length, sentAt);
        } catch (fault) {
          if (stop.signal.aborted) return MADE_WAY_MS + 9 * (performance.now() - sentAt);
          const isGone = fault instanceof Failure && fault.status === 404 && fault.error !== "";
          if (!isGone && !isUnreadable(fault)) throw fault; // nobody will ever have it
        }
        await dropOriginal(next.id);
        went();
      }
      return 0;
    },
  );
}

function measure(bytes: number, sentAt: number): void {
  if (bytes >= TELLING)
    measured.value = { rate: (bytes * 1000) / Math.max(1, performance.now() - sentAt), at: performance.now() };
}
