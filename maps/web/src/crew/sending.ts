/** Sends what waits, in two lanes: an SOS and what somebody waits for before papers and positions, photos last. */
import { signal } from "@preact/signals";
import type { Profile } from "./database.ts";
import type { Opened } from "./keys.ts";
import { activeProfile, profiles } from "./keys.ts";
import { type Batch, nextBatch, nextDue, nextPhoto, photoRefused, photoTaken, refused, taken } from "./outbox.ts";
import { backOff } from "./pace.ts";
import type { Report } from "./reports.ts";
import { Failure, readSession, sendPhoto, sendReports, type Took } from "./server.ts";
import { forEach, keyFor, ranksThatGo } from "./turns.ts";

export interface Link {
  /** `untried`: nothing had to be sent yet. `shut`: the server does not know this key or person any more. */
  state: "untried" | "well" | "none" | "shut" | "other";
  /** When the server last took something, ms by this phone; kept only while the page is open. */
  takenAt: number | null;
  /** What the server said that is not its usual yes. */
  fault: string;
}

export const link = signal<Link>({ state: "untried", takenAt: null, fault: "" });
export const sending = signal(false);

/** Whatever was missed, by a timer that a sleeping phone lost or another tab that is gone, is sent by then. */
const LOOK_EVERY_MS = 30_000;

let opened: Opened | null = null;
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let again = false;

/** Tells whose page is open now; null when it is locked. */
export function sendFor(who: Opened | null): void {
  opened = who;
  hurry();
}

/** Tries now, whatever went wrong before. */
export function hurry(): void {
  failures = 0;
  next(0);
}

/** Tries when it is its turn. */
export function nudge(): void {
  if (failures === 0) next(0);
}

function next(inMs: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void run(), inMs);
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
  next(0);
}

async function run(): Promise<void> {
  if (sending.peek()) {
    again = true;
    return;
  }
  if (!navigator.onLine) {
    link.value = { ...link.peek(), state: "none" };
    return; // the event `online` wakes it
  }
  sending.value = true;
  again = false;
  let wait = 0;
  try {
    // One tab sends at a time: the server would take twice what it knows, but a thin network must not carry it twice.
    await navigator.locks.request("joint-patrol-crew-send", { ifAvailable: true }, async (lock) => {
      if (lock === null) wait = 5000;
      else await drain();
    });
    failures = 0;
    // A page that was opened anew within the seconds of an SOS: nobody else wakes it.
    const due = await nextDue(await profiles());
    if (due !== null) wait = Math.max(wait, due - Date.now() + 20);
  } catch (fault) {
    failures++;
    wait = Math.max(backOff(failures, Math.random()), fault instanceof Failure ? fault.waitMs : 0);
    tell(fault);
  } finally {
    sending.value = false;
  }
  if (again && failures === 0) wait = Math.max(wait, 50);
  if (wait > 0) next(wait);
}

function tell(fault: unknown): void {
  const status = fault instanceof Failure ? fault.status : -1;
  const state = status === 0 ? "none" : status === 401 || status === 403 ? "shut" : "other";
  link.value = { ...link.peek(), state, fault: fault instanceof Error ? fault.message : "" };
}

function well(some: number): void {
  failures = 0;
  link.value = { state: "well", takenAt: some > 0 ? Date.now() : link.peek().takenAt, fault: "" };
}

/** Whose things can go: the profile of this page whole; of others their calls for help. */
async function drain(): Promise<void> {
  const active = activeProfile();
  const all = await profiles();
  all.sort((a, b) => Number(b.id === active) - Number(a.id === active));
  // Calls for help before all, whoever's on this phone.
  await forEach(all, active, (profile) => drainRanks(profile, null, true));
  for (const profile of all.filter((each) => each.id === active)) {
    const who = opened?.profile.id === profile.id ? opened : null;
    await drainRanks(profile, who, false);
    if (who === null) continue;
    await drainPhotos(who);
    await drainRanks(profile, who, false);
  }
}

async function drainRanks(profile: Profile, who: Opened | null, sosOnly: boolean): Promise<void> {
  // What takes the PIN stands in nobody's way: positions go out beside a text that was written before the page was locked.
  const ranks = ranksThatGo(profile, who).filter((rank) => rank === 0 || !sosOnly);
  let sure = false;
  for (let most = 100; ; ) {
    // Asked anew each time: what is urgent goes before the next hundred positions.
    const batch = await nextBatch(profile, who, most, ranks);
    if (batch === null) return;
    if (batch.rank > 0 && !sure) await ensureOwn(profile);
    sure ||= batch.rank > 0;
    const by = keyFor(profile, who, batch.rank) ?? null;
    let answer: Took;
    try {
      answer = await sendReports(batch.reports, by);
    } catch (fault) {
      if (!(fault instanceof Failure) || ![400, 413, 422].includes(fault.status)) throw fault;
      // The server cannot read the batch: by halves down to the one that is at fault.
      if (batch.reports.length > 1) {
        most = Math.ceil(batch.reports.length / 2);
        continue;
      }
      answer = { taken: [], refused: [{ id: batch.reports[0]?.id ?? "", error: "unreadable", message: fault.message }] };
    }
    most = 100;
    await settle(batch, answer, who);
  }
}

/** Nobody reports in another's name: throws when it is another who has signed in, or nobody. */
async function ensureOwn(profile: Profile): Promise<void> {
  if (profile.device === null && (await readSession())?.user !== profile.user) throw new Failure(401, "");
}

/** Only what the server names leaves the outbox; what it does not name would come again and again, so it is an error. */
async function settle(batch: Batch, answer: Took, who: Opened | null): Promise<void> {
  const mine = new Set(batch.reports.map((each: Report) => each.id));
  const done = answer.taken.filter((id) => mine.has(id));
  const not = answer.refused.filter((each) => mine.has(each.id));
  await taken(done);
  await refused(batch, not, who);
  if (done.length + not.length === 0) throw new Failure(502, "the server named none of what was sent");
  well(done.length);
}

async function drainPhotos(who: Opened): Promise<void> {
  for (let photo = await nextPhoto(who); photo !== null; photo = await nextPhoto(who)) {
    await ensureOwn(who.profile);
    try {
      await sendPhoto(photo.id, photo.bytes, photo.type, who.key);
      await photoTaken(photo.id);
      well(1);
    } catch (fault) {
      if (!(fault instanceof Failure) || ![400, 413, 415, 422].includes(fault.status)) throw fault;
      await photoRefused(photo.id);
    }
    // A photo takes long on a thin network: what is urgent must not wait for the next one.
    await drainRanks(who.profile, who, false);
  }
}
