/**
 * The outbox: what was reported and not yet taken by the server. It is on the disk, sealed, before anybody is told that
 * it is kept.
 */
import { signal } from "@preact/signals";
import { database, type Profile, phoneKey, type QueuedPhoto, type QueuedReport } from "../../../phone/database.ts";
import {
  type Bytes,
  open,
  openBytes,
  openTo,
  type Sealed,
  type SealedTo,
  seal,
  sealBytes,
  sealTo,
} from "../../../phone/encryption.ts";
import type { Opened } from "../../../phone/keys.ts";
import { dropOriginal, originalDue } from "../../../phone/originals.ts";
import { HOLD_MS, waitsUntil } from "../../../phone/report-interval.ts";
import { laneOf, RANKS, type Rank, type Report, rankOf } from "../../../phone/reports.ts";

/** Most reports that go in one request. */
export const BATCH = 100;

export interface Counts {
  urgent: number;
  routine: number;
  refused: number;
}

/** How many wait, of the profile that the page is for. */
export const counts = signal<Counts>({ urgent: 0, routine: 0, refused: 0 });

/** Reports that this page wrote itself, by id: while it is locked they cannot be read back, but go out all the same. */
const inHand = new Map<string, Report>();
/** Calls for help that the disk did not take, by id: they are in hand only, and live as long as the page does. */
const loose = new Map<string, { row: QueuedReport; profile: Profile }>();
/** Of those the ones that are over, taken or taken back: what the disk takes of them yet is not sent. */
const over = new Set<string>();
/** How long the disk may think about a call for help, ms: phones' databases are known to hang. */
export const LONGEST_WRITE_MS = 2000;
/** Rows that could not be opened: they stay, and stand in nobody's way. */
const broken = new Set<number>();

const other = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("joint-patrol-crew");
const listeners = new Set<() => void>();

/** Calls `heard` whenever the outbox may have changed, in whichever tab. */
export function onChange(heard: () => void): void {
  listeners.add(heard);
}

function changed(tell = true): void {
  for (const listener of listeners) listener();
  if (tell) other?.postMessage("changed");
}
other?.addEventListener("message", () => changed(false));

export interface Extra {
  /** ms UTC by this phone: not sent before. */
  notBefore?: number;
  /** Ids of photos that `keepPhoto` kept: from now on they are sent. */
  photos?: readonly string[];
}

/** Keeps a report. Once this resolves it survives a reload, a crash and a sign-out. */
export async function keep(report: Report, profile: Profile, opened: Opened | null, extra: Extra = {}): Promise<void> {
  const rank = rankOf(report);
  const [form, sealed] = await sealFor(report, rank, profile, opened);
  await write({ ...rowOf(report, profile, extra), form, sealed });
  if (!loose.has(report.id)) inHand.set(report.id, report); // what is in hand already may know the place better by now
  changed();
}

/**
 * Keeps a call for help, or the word that it is over; false when the disk took it not: it goes out all the same, from a
 * page that stays open. `late` is called when the disk took it after that, and it is not over yet.
 */
export async function keepCall(
  report: Report,
  profile: Profile,
  extra: Extra = {},
  late: () => void = () => undefined,
): Promise<boolean> {
  const stored = keep(report, profile, null, extra);
  try {
    await inTime(stored, LONGEST_WRITE_MS);
    return true;
  } catch {
    loose.set(report.id, { row: { ...rowOf(report, profile, extra), form: "phone", sealed: NOTHING }, profile });
    inHand.set(report.id, report);
    void stored.then(
      () => keptLate(report.id, late),
      () => undefined,
    );
    changed();
    return false;
  }
}

/** The disk took it after all: it is in hand no more, and gone if it was over by then. */
async function keptLate(id: string, late: () => void): Promise<void> {
  if (!loose.delete(id)) return void (await takeBack(id));
  changed();
  late();
}

/** As `work`; rejects when that takes longer. */
export function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("too slow")), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

const NOTHING: Sealed = { iv: new Uint8Array(), data: new Uint8Array() };

function rowOf(report: Report, profile: Profile, extra: Extra): Omit<QueuedReport, "form" | "sealed"> {
  const rank = rankOf(report);
  return {
    id: report.id,
    profile: profile.id,
    rank,
    lane: laneOf(rank),
    not_before: extra.notBefore ?? 0,
    state: "waiting",
    photos: [...(extra.photos ?? [])],
  };
}

async function write(row: QueuedReport): Promise<void> {
  const tx = (await database()).transaction(["outbox", "photos"], "readwrite", { durability: "strict" });
  void tx.done.catch(() => undefined); // what fails is thrown below
  const photos = tx.objectStore("photos");
  for (const id of row.photos) {
    const found = await photos.get(id);
    if (found !== undefined) await photos.put({ ...found, state: "waiting" });
  }
  await tx.objectStore("outbox").add(row);
  await tx.done;
}

/** Keeps a photo for a report that is still being written. */
export async function keepPhoto(id: string, bytes: Bytes, type: string, opened: Opened): Promise<void> {
  const sealed = await sealBytes(opened.data, bytes);
  const tx = (await database()).transaction("photos", "readwrite", { durability: "strict" });
  await tx.store.put({ id, profile: opened.profile.id, sealed, type, size: bytes.length, state: "draft" });
  await tx.done;
}

/** The photo of a report that is still being written; null when it is gone. */
export async function draftPhoto(id: string, opened: Opened): Promise<Blob | null> {
  const row = await (await database()).get("photos", id);
  return row === undefined ? null : new Blob([await openBytes(opened.data, row.sealed)], { type: row.type });
}

async function sealFor(
  value: unknown,
  rank: Rank,
  profile: Profile,
  opened: Opened | null,
): Promise<[QueuedReport["form"], Sealed | SealedTo]> {
  if (rank === 0) return ["phone", await seal(await phoneKey(), value)];
  if (opened !== null) return ["data", await seal(opened.data, value)];
  return ["pair", await sealTo(profile.pair.open, value)];
}

/** One batch: reports of one profile and rank, the oldest first. */
export interface Batch {
  profile: Profile;
  rank: Rank;
  reports: Report[];
  rows: QueuedReport[];
}

/** The next batch of a profile that can go; null when nothing can. */
export async function nextBatch(
  profile: Profile,
  opened: Opened | null,
  most = BATCH,
  ranks: readonly Rank[] = RANKS,
): Promise<Batch | null> {
  const db = await database();
  for (const rank of ranks) {
    const now = Date.now();
    const rows: QueuedReport[] = [];
    const away = rank === 4 ? await photosOf(profile.id) : new Map<string, QueuedPhoto["state"]>();
    const range = IDBKeyRange.only([profile.id, "waiting", rank]);
    for (
      let at = await db.transaction("outbox").store.index("turn").openCursor(range);
      at !== null && rows.length < most;
      at = await at.continue()
    ) {
      const row = at.value;
      const readable = row.form === "phone" || opened !== null || inHand.has(row.id);
      if (row.photos.some((id) => away.get(id) === "waiting" && !brokenPhotos.has(id))) continue; // they go first
      if (over.has(row.id)) continue;
      if (readable && !waitsUntil(row.not_before, now, HOLD_MS) && !broken.has(row.seq ?? -1)) rows.push(row);
    }
    const reports: Report[] = [];
    const sent: QueuedReport[] = [];
    for (const row of rows) {
      const report = await read(row, profile, opened);
      if (report === null) continue;
      // A photo that the server will not have must not hold up what happened.
      reports.push(
        report.kind === "incident" && report.photos
          ? { ...report, photos: report.photos.filter((id) => !away.has(id)) }
          : report,
      );
      sent.push(row);
    }
    if (reports.length > 0) return { profile, rank, reports, rows: sent };
  }
  return null;
}

/** Calls for help of one profile that can go and that no disk has; null when there are none. */
export function looseBatch(): Batch | null {
  const now = Date.now();
  const free = [...loose.values()].filter(
    ({ row }) => row.state === "waiting" && !waitsUntil(row.not_before, now, HOLD_MS),
  );
  const profile = free[0]?.profile;
  if (profile === undefined) return null;
  const rows = free.filter((each) => each.profile.id === profile.id).map(({ row }) => row);
  return { profile, rank: 0, rows, reports: rows.flatMap((row) => inHand.get(row.id) ?? []) };
}

/** When the next of those may go that may not go yet. */
export function looseDue(): number | null {
  return soonest([...loose.values()].map(({ row }) => row));
}

function soonest(rows: readonly QueuedReport[]): number | null {
  const now = Date.now();
  const times = rows.map((each) => each.not_before).filter((each) => waitsUntil(each, now, HOLD_MS));
  return times.length === 0 ? null : Math.min(...times);
}

function looseOf(profile: string): QueuedReport[] {
  return [...loose.values()].map(({ row }) => row).filter((each) => each.profile === profile);
}

async function photosOf(profile: string): Promise<Map<string, QueuedPhoto["state"]>> {
  const rows = await (await database()).getAllFromIndex("photos", "profile", profile);
  return new Map(rows.map((each) => [each.id, each.state]));
}

async function read(row: QueuedReport, profile: Profile, opened: Opened | null): Promise<Report | null> {
  const known = inHand.get(row.id);
  if (known !== undefined) return known;
  try {
    return await unseal<Report>(row.form, row.sealed, profile, opened);
  } catch {
    broken.add(row.seq ?? -1);
    return null;
  }
}

async function unseal<T>(
  form: QueuedReport["form"],
  sealed: Sealed | SealedTo,
  profile: Profile,
  opened: Opened | null,
): Promise<T> {
  if (form === "phone") return open<T>(await phoneKey(), sealed);
  if (opened === null) throw new Error("locked");
  return form === "data"
    ? open<T>(opened.data, sealed)
    : openTo<T>(opened.secret, profile.pair.open, sealed as SealedTo);
}

/**
 * When the next call for help of these profiles may go that may not go yet, ms by this phone; null when there is none.
 */
export async function nextDue(of: readonly Profile[]): Promise<number | null> {
  const db = await database();
  const rows = await Promise.all(
    of.map((each) => db.getAllFromIndex("outbox", "turn", IDBKeyRange.only([each.id, "waiting", 0]))),
  );
  return soonest(rows.flat());
}

/** The server has these: they are gone from here. */
export async function removeSent(ids: readonly string[]): Promise<void> {
  const stored = ids.filter((id) => !letGo(id)); // first: a full disk may refuse what comes now
  if (stored.length > 0) {
    const tx = (await database()).transaction("outbox", "readwrite");
    for (const id of stored) {
      const seq = await tx.store.index("id").getKey(id);
      if (seq !== undefined) await tx.store.delete(seq);
    }
    await tx.done;
  }
  for (const id of ids) inHand.delete(id);
  if (ids.length > 0) changed();
}

/** Whether it was one that no disk has; then it is over. */
function letGo(id: string): boolean {
  if (!loose.delete(id)) return false;
  over.add(id);
  return true;
}

export interface Refusal {
  id: string;
  error: string;
  message: string;
  field?: string;
}

/** The server will not have these as they are: they are kept, and shown with why. */
export async function refused(
  batch: Pick<Batch, "profile" | "rows">,
  why: readonly Refusal[],
  opened: Opened | null,
): Promise<void> {
  for (const each of why) {
    const row = batch.rows.find((one) => one.id === each.id);
    const free = loose.get(each.id);
    if (free !== undefined) free.row.state = "refused"; // there is nowhere to keep why
    if (row?.seq === undefined) continue;
    const sealed = await sealFor(each, row.form === "phone" ? 0 : 1, batch.profile, opened);
    const db = await database();
    const tx = db.transaction("outbox", "readwrite");
    const now = await tx.store.get(row.seq);
    if (now !== undefined) await tx.store.put({ ...now, state: "refused", why: sealed[1], why_form: sealed[0] });
    await tx.done;
  }
  changed();
}

/** Takes back what has not been sent: an SOS within its seconds, or what was refused. */
export async function takeBack(id: string): Promise<boolean> {
  if (letGo(id)) {
    inHand.delete(id);
    changed();
    return true;
  }
  const tx = (await database()).transaction(["outbox", "photos"], "readwrite", { durability: "strict" });
  const seq = await tx.objectStore("outbox").index("id").getKey(id);
  const row = seq === undefined ? undefined : await tx.objectStore("outbox").get(seq);
  if (seq !== undefined) await tx.objectStore("outbox").delete(seq);
  for (const photo of row?.photos ?? []) await tx.objectStore("photos").delete(photo);
  await tx.done;
  for (const photo of row?.photos ?? []) void dropOriginal(photo);
  inHand.delete(id);
  changed();
  return seq !== undefined;
}

/** Puts a newer report in the place of one that has not been sent; nothing happens once it is gone. */
export async function renew(report: Report, profile: Profile): Promise<void> {
  if (loose.has(report.id)) return void inHand.set(report.id, report);
  const sealed = await seal(await phoneKey(), report);
  const tx = (await database()).transaction("outbox", "readwrite", { durability: "strict" });
  const seq = await tx.store.index("id").getKey(report.id);
  const row = seq === undefined ? undefined : await tx.store.get(seq);
  if (row !== undefined && row.form === "phone" && row.profile === profile.id) {
    await tx.store.put({ ...row, sealed });
    inHand.set(report.id, report);
  }
  await tx.done;
}

/** Tries again what was refused: the reason may be gone. */
export async function tryAgain(id: string): Promise<void> {
  const tx = (await database()).transaction("outbox", "readwrite");
  const seq = await tx.store.index("id").getKey(id);
  const row = seq === undefined ? undefined : await tx.store.get(seq);
  if (row !== undefined) await tx.store.put({ ...row, state: "waiting" });
  await tx.done;
  changed();
}

/** The ids that wait or were refused, of one profile. */
export async function pending(profile: string): Promise<Map<string, QueuedReport["state"]>> {
  const rows = await (await database()).getAllFromIndex("outbox", "profile", profile);
  return new Map(
    [...rows.filter((each) => each.rank !== 3 || each.state === "refused"), ...looseOf(profile)].map((each) => [
      each.id,
      each.state,
    ]),
  );
}

/**
 * What became of a call for help, or of the word that it is over; null once the server has it, or it was taken back.
 */
export async function stateOf(id: string): Promise<QueuedReport["state"] | null> {
  const free = loose.get(id)?.row ?? null;
  if (free !== null || over.has(id)) return free?.state ?? null;
  return (await (await database()).getFromIndex("outbox", "id", id))?.state ?? null;
}

/** What was refused, with why; only an open profile can read it. */
export async function refusals(opened: Opened): Promise<{ report: Report; why: Refusal }[]> {
  const rows = await (await database()).getAllFromIndex("outbox", "profile", opened.profile.id);
  const found: { report: Report; why: Refusal }[] = [];
  for (const row of rows) {
    if (row.state !== "refused" || row.why === undefined || row.why_form === undefined) continue;
    const report = await read(row, opened.profile, opened);
    if (report !== null)
      found.push({ report, why: await unseal<Refusal>(row.why_form, row.why, opened.profile, opened) });
  }
  return found;
}

/** The next photo that waits; null when none does. */
export async function nextPhoto(opened: Opened): Promise<{ id: string; type: string; bytes: Bytes } | null> {
  for (const row of await (await database()).getAllFromIndex("photos", "profile", opened.profile.id)) {
    if (row.state !== "waiting" || brokenPhotos.has(row.id)) continue;
    try {
      return { id: row.id, type: row.type, bytes: await openBytes(opened.data, row.sealed) };
    } catch {
      brokenPhotos.add(row.id);
    }
  }
  return null;
}
const brokenPhotos = new Set<string>();

export async function removePhoto(id: string): Promise<void> {
  await originalDue(id); // first: a page that ends between the two sends the photo once more
  await (await database()).delete("photos", id);
  changed();
}

/** Photos that the server will not have: what they belong to went without them. */
export async function refusedPhotos(profile: string): Promise<string[]> {
  const rows = await (await database()).getAllFromIndex("photos", "profile", profile);
  return rows.filter((each) => each.state === "refused").map((each) => each.id);
}

/** Throws away a photo that is not to be sent: of a report that is being written, or refused. */
export async function dropPhoto(id: string): Promise<void> {
  const tx = (await database()).transaction("photos", "readwrite");
  const row = await tx.store.get(id);
  if (row !== undefined && row.state !== "waiting") await tx.store.delete(id);
  await tx.done;
  if (row?.state !== "waiting") void dropOriginal(id);
  changed();
}

export async function photoRefused(id: string): Promise<void> {
  const tx = (await database()).transaction("photos", "readwrite");
  const row = await tx.store.get(id);
  if (row !== undefined) await tx.store.put({ ...row, state: "refused" });
  await tx.done;
  void dropOriginal(id); // of a picture that nobody has
  changed();
}

/** Counts what waits for a profile. */
export async function recount(profile: string): Promise<Counts> {
  const db = await database();
  const index = db.transaction("outbox").store.index("turn");
  const of = (state: QueuedReport["state"], rank: Rank): Promise<number> =>
    index.count(IDBKeyRange.only([profile, state, rank]));
  const [waiting, turned] = await Promise.all([
    Promise.all(RANKS.map((rank) => of("waiting", rank))),
    Promise.all(RANKS.map((rank) => of("refused", rank))),
  ]);
  const photos = await db.getAllFromIndex("photos", "profile", profile);
  counts.value = {
    urgent: (waiting[0] ?? 0) + (waiting[1] ?? 0) + looseOf(profile).length,
    routine:
      (waiting[2] ?? 0) +
      (waiting[3] ?? 0) +
      (waiting[4] ?? 0) +
      photos.filter((each) => each.state === "waiting").length,
    refused: turned.reduce((sum, each) => sum + each, 0) + photos.filter((each) => each.state === "refused").length,
  };
  return counts.value;
}
