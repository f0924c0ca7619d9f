/** A plan as the form has it: made of a patrol or of nothing, told to the server as what is different. Pure. */
import type { Leg, Member, PatrolDocument, Rendezvous } from "../../../../wire/patrols.ts";
import { revisionOf } from "../../../../wire/patrols.ts";

export interface PlanContent {
  name: string;
  agencies: readonly string[];
  lead: string;
  /** As programs write it; empty while a field holds no time. */
  starts_at: string;
  ends_at: string;
  members: readonly Member[];
  sectors: readonly string[];
  legs: readonly Leg[];
  rendezvous: readonly Rendezvous[];
  check_in_interval_s: number | null;
  note: string;
}

export interface PlanDraft {
  /** The patrol that is changed; null for a new one. */
  id: string | null;
  /** Revision of the content that the changes are meant for. */
  revision: number;
  before: PlanContent | null;
}

export function contentOf(patrol: PatrolDocument): PlanContent {
  return {
    name: patrol.name,
    agencies: patrol.agencies,
    lead: patrol.lead,
    starts_at: patrol.starts_at,
    ends_at: patrol.ends_at,
    members: patrol.members ?? [],
    sectors: patrol.sectors ?? [],
    legs: patrol.legs ?? [],
    rendezvous: patrol.rendezvous ?? [],
    check_in_interval_s: patrol.check_in_interval_s ?? null,
    note: patrol.note ?? "",
  };
}

export function draftOf(patrol: PatrolDocument): PlanDraft {
  return { id: patrol.id, revision: revisionOf(patrol), before: contentOf(patrol) };
}

/** A new plan of an agency; its units and their agencies take part from the start. */
export function newContent(
  own: string,
  startsAt: string,
  endsAt: string,
  members: readonly Member[] = [],
): PlanContent {
  const agencies = [...new Set([own, ...members.map((each) => each.agency)])];
  return {
    name: "",
    agencies,
    lead: own,
    starts_at: startsAt,
    ends_at: endsAt,
    members,
    sectors: [],
    legs: [],
    rendezvous: [],
    check_in_interval_s: 1800,
    note: "",
  };
}

/** Fields that differ; of a new plan all that say something. */
export function changesOf(before: PlanContent | null, now: PlanContent): Partial<PlanContent> {
  const names = Object.keys(now) as (keyof PlanContent)[];
  const changed = names.filter((name) => before === null || JSON.stringify(before[name]) !== JSON.stringify(now[name]));
  return Object.fromEntries(changed.map((name) => [name, now[name]])) as Partial<PlanContent>;
}

/** What the server judges: without times it cannot. */
export function checkBody(draft: PlanDraft, now: PlanContent): Record<string, unknown> | null {
  if (now.starts_at === "" || now.ends_at === "") return null;
  const { name, ...said } = changesOf(draft.before, now);
  if (name) Object.assign(said, { name });
  if (now.legs.some((leg) => !complete(leg.name, leg.starts_at, leg.ends_at))) delete said.legs;
  if (now.rendezvous.some((each) => !complete(each.name, each.at) || !Number.isFinite(each.lon)))
    delete said.rendezvous;
  return { ...said, ...(draft.id === null ? {} : { patrol: draft.id }) };
}

function complete(...texts: string[]): boolean {
  return texts.every((each) => each !== "");
}

/** What keeps a plan from being sent at all: field to reason; the rest is the server's to say. */
export function missing(
  now: PlanContent,
): Partial<Record<"name" | "starts_at" | "ends_at" | "legs" | "rendezvous", "empty" | "order">> {
  const found: ReturnType<typeof missing> = {};
  if (now.name.trim() === "") found.name = "empty";
  if (now.starts_at === "") found.starts_at = "empty";
  if (now.ends_at === "") found.ends_at = "empty";
  else if (now.starts_at !== "" && Date.parse(now.ends_at) <= Date.parse(now.starts_at)) found.ends_at = "order";
  if (now.legs.some((leg) => !complete(leg.name, leg.starts_at, leg.ends_at))) found.legs = "empty";
  if (now.rendezvous.some((each) => !complete(each.name, each.at) || !Number.isFinite(each.lon)))
    found.rendezvous = "empty";
  return found;
}

/** Takes a unit in or out; its agency becomes a party with it. */
export function withUnit(now: PlanContent, unit: string, agency: string, inside: boolean): PlanContent {
  const members = now.members.filter((each) => each.unit !== unit);
  if (!inside)
    return {
      ...now,
      members,
      rendezvous: now.rendezvous.map((each) => ({ ...each, units: (each.units ?? []).filter((id) => id !== unit) })),
    };
  return { ...now, members: [...members, { unit, agency }], agencies: [...new Set([...now.agencies, agency])] };
}

/** Says how many people are on a unit; null takes back what was said. */
export function withCrew(now: PlanContent, unit: string, crew: number | null): PlanContent {
  const memberOf = (each: Member): Member => {
    if (crew !== null) return { ...each, crew };
    const { crew: _, ...member } = each;
    return member;
  };
  return { ...now, members: now.members.map((each) => (each.unit === unit ? memberOf(each) : each)) };
}

/** Takes an agency in or out, with its units. */
export function withAgency(now: PlanContent, agency: string, inside: boolean, own: string): PlanContent {
  if (inside) return { ...now, agencies: [...new Set([...now.agencies, agency])] };
  return {
    ...now,
    agencies: now.agencies.filter((each) => each !== agency),
    members: now.members.filter((each) => each.agency !== agency),
    lead: now.lead === agency ? own : now.lead,
    legs: now.legs.map((leg) => (leg.lead === agency ? { ...leg, lead: null } : leg)),
  };
}

export function withSector(now: PlanContent, sector: string, inside: boolean): PlanContent {
  const others = now.sectors.filter((each) => each !== sector);
  return { ...now, sectors: inside ? [...others, sector] : others };
}

/** Moves the window, and with it legs and meetings, when the whole of it moves. */
export function withWindow(now: PlanContent, startsAt: string, endsAt: string): PlanContent {
  const [from, to] = [Date.parse(now.starts_at), Date.parse(startsAt)];
  const whole = Date.parse(endsAt) - to === Date.parse(now.ends_at) - from;
  const shift = (time: string): string =>
    whole && time !== "" ? new Date(Date.parse(time) + to - from).toISOString().replace(".000Z", "Z") : time;
  return {
    ...now,
    starts_at: startsAt,
    ends_at: endsAt,
    legs: now.legs.map((leg) => ({ ...leg, starts_at: shift(leg.starts_at), ends_at: shift(leg.ends_at) })),
    rendezvous: now.rendezvous.map((each) => ({ ...each, at: shift(each.at) })),
  };
}
