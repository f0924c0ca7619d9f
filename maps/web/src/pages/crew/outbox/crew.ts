/** The page's state: whose it is, what the server last said, what is done here. */
import { computed, effect, signal } from "@preact/signals";
import { newId, type Profile } from "../../../phone/database.ts";
import { activeProfile, keepCallSign, type Opened, profiles } from "../../../phone/keys.ts";
import { dropCopy, readCopy, storable, storeCopy } from "../../../phone/offline-copies.ts";
import { metresBetween } from "../../../phone/report-interval.ts";
import type { Report } from "../../../phone/reports.ts";
import { Failure, readCrew, readMap, readSession } from "../../../phone/server.ts";
import { isoTime, moment } from "../../../phone/server-clock.ts";
import type { CrewNow, CrewPatrol } from "../../../wire/crew.ts";
import { type Extra, keep, onChange, pending, recount } from "./outbox.ts";
import { type DoneHere, knownToServer, notInAnswer } from "./patrol-steps.ts";
import { type Fix, fix } from "./position.ts";
import { hurry, link, nudge, sendFor } from "./sender.ts";
import { ended, isCleared, look, over, recall, sos } from "./sos.ts";

export const knownProfiles = signal<Profile[]>([]);
export const profile = signal<Profile | null>(null);
export const opened = signal<Opened | null>(null);
export const crew = signal<CrewNow | null>(null);
/** When the server said that, ms by this phone; null for a copy from before this page was opened. */
export const crewAt = signal<number | null>(null);
export const ground = signal<GeoJSON.FeatureCollection | null>(null);
/** Ids that wait or were refused, of what is not a position. */
export const unsent = signal<ReadonlyMap<string, "waiting" | "refused">>(new Map());
/** What this phone did to patrols and the server does not tell yet: by patrol. */
export const done = signal<DoneHere>({});
export const track = signal<readonly (readonly [lon: number, lat: number])[]>([]);
/** Why the server tells this crew nothing: it does not know the phone, or nobody or somebody else is signed in. */
export const fault = signal<"shut" | "signed_out" | "other_user" | null>(null);
/** The last report could not be kept: the phone is full. Nobody may believe that it goes out. */
export const isUnsaved = signal(false);

export const timeZone = computed(() => crew.value?.node.time_zone ?? "Asia/Bangkok");
export const callSign = computed(() => crew.value?.unit?.call_sign ?? profile.value?.call_sign ?? "");

/** A text of this crew, and whether it is out. */
export interface CrewText {
  id: string;
  at: number;
  text?: string;
  phrase?: string;
}
export const crewTexts = signal<readonly CrewText[]>([]);

const MOST_SAID = 50;
const MOST_TRACK = 1500;
const TRACK_STEP_M = 10;
const ASK_EVERY_MS = 30_000;
const MAP_RADIUS_KM = 25;
const LOCK_AFTER_MS = 15 * 60_000;

export async function startCrew(): Promise<void> {
  knownProfiles.value = await profiles();
  const active = activeProfile();
  await choose(knownProfiles.value.find((each) => each.id === active) ?? knownProfiles.value[0] ?? null);
  onChange(() => {
    void recountNow();
    const which = profile.peek();
    if (which !== null) look(which).catch(() => undefined); // beside it: a disk may hang
  });
  setInterval(() => void refresh(), ASK_EVERY_MS);
  addEventListener("online", () => void refresh());
  let hiddenAt = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") hiddenAt = Date.now();
    // a clock that was put back keeps nothing open
    else if (hiddenAt > 0 && Math.abs(Date.now() - hiddenAt) > LOCK_AFTER_MS) void lock();
    if (document.visibilityState === "visible") void refresh();
  });
  effect(() => {
    if (fix.value !== null) follow(fix.value);
  });
  setInterval(() => {
    const who = opened.peek();
    if (who !== null && track.peek().length > 0) void storeCopy(who, "track", track.peek());
  }, 60_000);
}

/** Turns the page to a profile, locked. */
export async function choose(which: Profile | null): Promise<void> {
  await lock();
  profile.value = which;
  sendFor(which?.id ?? null, null);
  ended.value = null;
  if (which === null) return;
  await recall(which);
  await recountNow();
}

export async function unlocked(who: Opened): Promise<void> {
  knownProfiles.value = await profiles();
  profile.value = knownProfiles.value.find((each) => each.id === who.profile.id) ?? who.profile;
  const [now, map, way, texts] = await Promise.all([
    readCopy<CrewNow>(who, "now"),
    readCopy<GeoJSON.FeatureCollection>(who, "map"),
    readCopy<[number, number][]>(who, "track"),
    readCopy<CrewText[]>(who, "sent"),
  ]);
  done.value = (await readCopy<DoneHere>(who, "done")) ?? {};
  crew.value = now;
  ground.value = map;
  track.value = way ?? [];
  crewTexts.value = texts ?? [];
  opened.value = who;
  await recall(who.profile);
  await recountNow();
  sendFor(who.profile.id, who);
  void refresh();
}

/** Shuts the page: what is on the phone cannot be read any more, positions and SOS still go out. */
export async function lock(): Promise<void> {
  const [who, way] = [opened.peek(), track.peek()];
  opened.value = null; // first of all: what is kept after that may take a while
  crew.value = null;
  crewAt.value = null;
  ground.value = null;
  crewTexts.value = [];
  track.value = [];
  done.value = {};
  sendFor(profile.peek()?.id ?? null, null);
  if (who !== null && way.length > 0) await storeCopy(who, "track", way);
}

const counting = signal(Promise.resolve());

/** Looks what waits, one look after the other: an old look must not be shown over a newer one. */
function recountNow(): Promise<void> {
  counting.value = counting.peek().then(countNow, countNow);
  return counting.peek();
}

async function countNow(): Promise<void> {
  const which = profile.peek();
  if (which === null) return;
  try {
    await recount(which.id);
    unsent.value = await pending(which.id);
  } finally {
    await look(which); // a call for help is known of where the disk tells nothing
  }
  const waiting = unsent.peek();
  // The server has it: from here on what it says counts.
  done.value = Object.fromEntries(
    Object.entries(done.peek()).map(([id, each]) => [id, { ...each, ids: each.ids.filter((one) => waiting.has(one)) }]),
  );
}

/** How often the server was asked, and which of those answers is shown. */
const [asked, shown] = [signal(0), signal(0)];

/** Asks the server what there is, when it can be asked. */
export async function refresh(): Promise<void> {
  const who = opened.peek();
  if (who === null || !navigator.onLine) return;
  try {
    if (who.profile.user !== null) {
      const there = (await readSession())?.user;
      if (there !== who.profile.user) {
        fault.value = there === undefined ? "signed_out" : "other_user";
        return;
      }
    }
    const confirmed = knownToServer(done.peek(), (id) => unsent.peek().get(id) === "waiting");
    const [turn, askedAt] = [++asked.value, Date.now()];
    const now = await readCrew(who.key);
    if (opened.peek() !== who || turn < shown.peek()) return; // a later question was answered sooner
    shown.value = turn;
    const before = new Set(crew.peek()?.texts.map((each) => each.id));
    if (crewAt.peek() !== null && now.texts.some((each) => !before.has(each.id) && !each.read_at))
      navigator.vibrate?.([80, 80, 80]);
    crew.value = now;
    crewAt.value = Date.now();
    fault.value = null;
    if (link.peek().state !== "well") link.value = { ...link.peek(), state: "well", fault: "" };
    if (Object.keys(confirmed).length > 0) {
      done.value = notInAnswer(done.peek(), confirmed);
      await storeCopy(who, "done", done.peek());
    }
    await storeCopy(who, "now", storable(now));
    if (now.unit !== null && profile.peek()?.call_sign !== now.unit.call_sign) {
      await keepCallSign(who.profile.id, now.unit.call_sign);
      knownProfiles.value = await profiles();
      profile.value = knownProfiles.value.find((each) => each.id === who.profile.id) ?? profile.peek();
    }
    if (now.unit?.distress === false && isCleared(sos.peek(), askedAt)) await over(who.profile);
    await renewGround(who, now);
    nudge();
  } catch (caught) {
    if (caught instanceof Failure) fault.value = caught.status === 401 || caught.status === 403 ? "shut" : null;
    if (caught instanceof Failure && caught.status === 0) link.value = { ...link.peek(), state: "none" };
  }
}

/** The middle of the ground that is here. */
const groundFor = signal<{ lon: number; lat: number } | null>(null);

/** Fetches the ground about where the crew works; again when it has gone far. */
async function renewGround(who: Opened, now: CrewNow): Promise<void> {
  const ring = now.sectors[0]?.polygon[0];
  const corner = ring?.[0];
  const middle = fix.peek() ?? (corner === undefined ? null : { lon: corner[0] ?? 0, lat: corner[1] ?? 0 });
  if (middle === null) return;
  const had = groundFor.peek();
  if (had !== null && metresBetween(had, middle) < (MAP_RADIUS_KM * 1000) / 2) return;
  const found = await readMap(middle.lon, middle.lat, MAP_RADIUS_KM, who.key);
  if (opened.peek() !== who) return;
  groundFor.value = { lon: middle.lon, lat: middle.lat };
  ground.value = found;
  await storeCopy(who, "map", found);
}

function follow(now: Fix): void {
  const last = track.peek().at(-1);
  if (last !== undefined && metresBetween({ lon: last[0], lat: last[1] }, now) < TRACK_STEP_M) return;
  track.value = [...track.peek().slice(1 - MOST_TRACK), [now.lon, now.lat]];
}

/** Puts a report into the outbox; its id. When this resolves it is on the disk. */
export async function report(
  what: Omit<Report, "id" | "at"> & Record<string, unknown>,
  extra?: Extra,
): Promise<string> {
  const which = profile.peek();
  if (which === null) throw new Error("nobody's page");
  const id = newId();
  const at = typeof what["at"] === "string" ? what["at"] : isoTime();
  await keep({ ...what, id, at } as Report, which, opened.peek(), extra);
  isUnsaved.value = false;
  if (what.kind === "position" || what.kind === "text_read") nudge();
  else hurry();
  // Who asks what became of it must not hear that it is gone.
  await recountNow().catch(() => {
    unsent.value = new Map(unsent.peek()).set(id, "waiting");
  }); // kept it is, whatever the disk says now
  return id;
}

/** As `tell`; null when nothing can be kept, which the page says by itself. */
async function tellIfAble(what: Parameters<typeof report>[0]): Promise<string | null> {
  try {
    return await report(what);
  } catch {
    isUnsaved.value = true;
    return null;
  }
}

export async function reportPlace({ at, ...place }: Fix): Promise<void> {
  if (profile.peek() === null) return;
  try {
    await report({ kind: "position", ...place, at: isoTime(at) });
  } catch (caught) {
    isUnsaved.value ||= sos.peek() === null; // of a call for help its own line speaks
    throw caught;
  }
}

/** Patrols of which a step is being kept: who presses twice takes it once. */
const stepping = new Set<string>();

/** Starts, ends or checks in: shown at once, told by the server later. */
export async function step(patrol: CrewPatrol, kind: Step): Promise<void> {
  if (stepping.has(patrol.id)) return;
  stepping.add(patrol.id);
  try {
    await take(patrol, kind);
  } finally {
    stepping.delete(patrol.id);
  }
}

type Step = "patrol_start" | "patrol_end" | "check_in";

async function take(patrol: CrewPatrol, kind: Step): Promise<void> {
  const id = await tellIfAble({ kind, patrol: patrol.id });
  if (id === null) return;
  const before = done.peek()[patrol.id];
  const state = kind === "patrol_start" ? "under way" : kind === "patrol_end" ? "ended" : before?.state;
  const checkedAt = kind === "patrol_end" ? before?.checkedAt : moment();
  done.value = {
    ...done.peek(),
    [patrol.id]: {
      ids: [...(before?.ids ?? []), id],
      ...(state === undefined ? {} : { state }),
      ...(checkedAt === undefined ? {} : { checkedAt }),
    },
  };
  const who = opened.peek();
  if (who !== null) await storeCopy(who, "done", done.peek());
}

/** What a patrol is, by what was done here and the server does not tell yet. */
export function stateNow(patrol: CrewPatrol): string {
  return done.value[patrol.id]?.state ?? patrol.state;
}

/** The patrol that a report is of; null while none is under way. */
export function patrolNow(): string | null {
  return crew.peek()?.patrols.find((each) => stateNow(each) === "under way")?.id ?? null;
}

/** When the next check-in is due, ms UTC by the server's clock; null when none is. */
export function nextCheckIn(
  patrol: CrewPatrol,
  here: { state?: string; checkedAt?: number } | undefined,
): number | null {
  if ((here?.state ?? patrol.state) !== "under way" || patrol.check_in_interval_s === null) return null;
  if (here?.checkedAt !== undefined) return here.checkedAt + patrol.check_in_interval_s * 1000;
  return patrol.next_check_in_at === null ? null : Date.parse(patrol.next_check_in_at);
}

/** Says a text or a phrase; whether it is kept to be sent. */
export async function sendText(what: { text: string } | { phrase: string }): Promise<boolean> {
  const id = await tellIfAble({ kind: "text", ...what });
  if (id === null) return false;
  crewTexts.value = [...crewTexts.peek(), { id, at: moment(), ...what }].slice(-MOST_SAID);
  const who = opened.peek();
  if (who !== null) await storeCopy(who, "sent", crewTexts.peek());
  return true;
}

/** What became of a report that this phone kept. */
export function fate(id: string): "taken" | "waiting" | "refused" {
  return unsent.value.get(id) ?? "taken";
}

/** Forgets a text that the crew discarded: the office does not have it. */
export async function withdrawText(id: string): Promise<void> {
  if (!crewTexts.peek().some((each) => each.id === id)) return;
  crewTexts.value = crewTexts.peek().filter((each) => each.id !== id);
  const who = opened.peek();
  if (who !== null) await storeCopy(who, "sent", crewTexts.peek());
}

const readHere = new Set<string>();

/** Tells that the texts have been seen. */
export async function markRead(): Promise<void> {
  for (const text of crew.peek()?.texts ?? []) {
    if (text.read_at || readHere.has(text.id)) continue;
    readHere.add(text.id);
    if ((await tellIfAble({ kind: "text_read", text_id: text.id })) === null) readHere.delete(text.id);
  }
}

export function isUnread(text: { id: string; read_at?: string | null }): boolean {
  return !text.read_at && !readHere.has(text.id);
}

/** A form that was begun: it survives a reload. */
export async function keepDraft(draft: unknown): Promise<void> {
  const who = opened.peek();
  if (who !== null) await (draft === null ? dropCopy(who, "draft") : storeCopy(who, "draft", draft));
}

export async function readDraft<T>(): Promise<T | null> {
  const who = opened.peek();
  return who === null ? null : readCopy<T>(who, "draft");
}
