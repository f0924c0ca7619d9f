/** Crew profiles of this phone and their keys: made, opened by a PIN, locked, kept.
 *
 * Who opens a profile holds its data key in memory until it is locked or the page goes. A profile is
 * never deleted with things still unsent.
 */
import { database, newId, type Profile } from "./database.ts";
import {
  type Bytes,
  dataKey,
  newDataKey,
  newPair,
  open,
  openTo,
  seal,
  sealTo,
  secretHalf,
  unwrapKey,
  wrapKey,
} from "./encryption.ts";
import { isTooSoon, pinFault, waitAfter } from "./pin.ts";

/** What an enrolled phone was given, and whose it is from now on. */
export interface Enrolled {
  /** The device's name. */
  device: string;
  /** The phone's key; kept only under the PIN. */
  key: string;
  /** The key that reports positions and SOS, and reads nothing; kept in the clear. */
  reporting_key: string;
  /** The unit it reports for, as far as known: its id, and its call sign to show. */
  unit: { id: string; call_sign: string } | string | null;
  /** At least six characters; see `pinFault`. */
  pin: string;
  /** Who it is, as the lock page shows it. */
  crewName: string;
}

/** A profile that its PIN has opened. */
export interface Opened {
  profile: Profile;
  data: CryptoKey;
  secret: CryptoKey;
  /** The phone's key; null for a crew that signs in with a name. */
  key: string | null;
}

export type Unlocking = { opened: Opened } | { wrong: number; waitUntil: number };

/** Keeps an enrolment on this phone as a new profile, opens it as the active one and returns its id.
 *
 * Call it from the enrol page right after `POST /api/enrolment`, then go to `/crew`. Profiles that are
 * here already under the same device's name are given the new keys too, since the old ones are good
 * no more: what they have unsent can still go.
 *
 * Throws a RangeError when `pinFault(pin)` finds fault, and what IndexedDB throws when nothing can
 * be kept: then nothing was.
 */
export async function keepEnrolment(given: Enrolled): Promise<string> {
  const callSign = given.unit === null ? "" : typeof given.unit === "string" ? "" : given.unit.call_sign;
  const created = await makeProfile({
    name: given.crewName,
    device: given.device,
    callSign,
    key: given.key,
    reportingKey: given.reporting_key,
    user: null,
    pin: given.pin,
  });
  return created.profile.id;
}

export interface NewProfile {
  name: string;
  device: string | null;
  callSign: string;
  key: string | null;
  reportingKey: string | null;
  user: string | null;
  pin: string;
}

/** Makes and keeps a profile, and asks the browser never to clear it. */
export async function makeProfile(given: NewProfile): Promise<Opened> {
  if (pinFault(given.pin) !== null) throw new RangeError("the PIN is too short, too long or too plain");
  const bytes = newDataKey();
  const data = await dataKey(bytes);
  const pair = await newPair(data);
  const profile: Profile = {
    id: newId(),
    name: given.name.trim(),
    device: given.device,
    call_sign: given.callSign,
    wrapped: await wrapKey(bytes, given.pin),
    pair,
    key: given.key === null ? null : await seal(data, given.key),
    reporting_key: given.reportingKey,
    renewed: null,
    user: given.user,
    wrong: 0,
    wait_until: 0,
  };
  bytes.fill(0);
  const others = given.device === null ? [] : (await profiles()).filter((each) => each.device === given.device);
  const renewed = await Promise.all(
    others.map(async (each) => ({
      ...each,
      reporting_key: given.reportingKey,
      renewed: given.key === null ? null : await sealTo(each.pair.open, given.key),
    })),
  );
  const tx = (await database()).transaction("profiles", "readwrite", { durability: "strict" });
  await Promise.all([profile, ...renewed].map((each) => tx.store.put(each)));
  await tx.done;
  activate(profile.id);
  void navigator.storage?.persist?.();
  return { profile, data, secret: await secretHalf(data, pair), key: given.key };
}

export async function profiles(): Promise<Profile[]> {
  const found = await (await database()).getAll("profiles");
  return found.sort((a, b) => a.name.localeCompare(b.name));
}

const ACTIVE = "jp.crew";

/**
 * Whose page this is; null when nobody's. A tab that is read anew stays with its crew, whoever has turned to another in
 * another tab.
 */
export function activeProfile(): string | null {
  try {
    return sessionStorage.getItem(ACTIVE) ?? localStorage.getItem(ACTIVE);
  } catch {
    return null;
  }
}

export function activate(id: string): void {
  try {
    sessionStorage.setItem(ACTIVE, id);
    localStorage.setItem(ACTIVE, id);
  } catch {
    // Storage is off: the page asks again next time.
  }
}

/**
 * Opens a profile by its PIN. Wrong ones are counted and, from the tenth on, cost a wait that grows; nothing is lost by
 * them.
 */
export async function unlock(id: string, pin: string): Promise<Unlocking> {
  const profile = await read(id);
  if (isTooSoon(profile.wait_until, Date.now())) return { wrong: profile.wrong, waitUntil: profile.wait_until };
  // Counted before it is tried: who pulls the battery does not try for nothing.
  await count(id, profile.wrong + 1);
  const bytes = await unwrapKey(profile.wrapped, pin);
  if (bytes === null) {
    const now = await read(id);
    return { wrong: now.wrong, waitUntil: now.wait_until };
  }
  await count(id, 0);
  activate(id);
  return { opened: await opened(profile, bytes) };
}

async function opened(profile: Profile, bytes: Bytes): Promise<Opened> {
  const data = await dataKey(bytes);
  bytes.fill(0);
  const secret = await secretHalf(data, profile.pair);
  const first = profile.key === null ? null : await open<string>(data, profile.key);
  const key = profile.renewed === null ? first : await openTo<string>(secret, profile.pair.open, profile.renewed);
  return { profile, data, secret, key };
}

/** Changes the PIN; false when the old one is wrong. What is sealed stays as it is. */
export async function changePin(id: string, old: string, fresh: string): Promise<boolean> {
  if (pinFault(fresh) !== null) throw new RangeError("the PIN is too short, too long or too plain");
  const profile = await read(id);
  const bytes = await unwrapKey(profile.wrapped, old);
  if (bytes === null) return false;
  const wrapped = await wrapKey(bytes, fresh);
  bytes.fill(0);
  await change(id, (each) => ({ ...each, wrapped }));
  return true;
}

/** Keeps what the server calls the unit, for the locked page. */
export async function keepCallSign(id: string, callSign: string): Promise<void> {
  if ((await read(id)).call_sign !== callSign) await change(id, (each) => ({ ...each, call_sign: callSign }));
}

async function count(id: string, wrong: number): Promise<void> {
  await change(id, (each) => ({ ...each, wrong, wait_until: wrong === 0 ? 0 : Date.now() + waitAfter(wrong) }));
}

async function read(id: string): Promise<Profile> {
  const found = await (await database()).get("profiles", id);
  if (found === undefined) throw new Error("no such profile");
  return found;
}

async function change(id: string, how: (profile: Profile) => Profile): Promise<void> {
  const tx = (await database()).transaction("profiles", "readwrite", { durability: "strict" });
  const found = await tx.store.get(id);
  if (found !== undefined) await tx.store.put(how(found));
  await tx.done;
}
