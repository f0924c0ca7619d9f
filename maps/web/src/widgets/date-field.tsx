/** A day, or a day with a time, as one line of text: the same in every browser and language, and by keys alone. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../session/clock.ts";
import { timeZone } from "../session/session.ts";
import { dayWords, zoneOffset } from "../session/times.ts";
import { momentOf, wallOf, wallSeconds } from "../session/wall-clock.ts";
import { calendar } from "../words/calendar.ts";
import { type DateFault, isWhole, type Precision, readDate, stepped } from "../words/date-text.ts";
import { t } from "../words/index.ts";

interface Common {
  id: string;
  label: string;
  /** What else is wrong with it, in words; null for nothing. */
  fault?: string | null;
}

/** A moment, milliseconds UTC, null for none; typed in the zone named. `minutes` is what an arrow key steps. */
export function MomentField({
  ms,
  zone,
  set,
  minutes = 1,
  ...common
}: Common & { ms: number | null; zone: string; minutes?: number; set: (ms: number | null) => void }): JSX.Element {
  const known = ms !== null && Number.isFinite(ms);
  const value = known ? textOf(ms, zone) : "";
  return (
    <WhenField
      {...common}
      value={value}
      zone={zone}
      precision="moment"
      minutes={minutes}
      told={known ? momentTold(ms, zone) : ""}
      set={(text) => set(text === "" ? null : momentOf(text, zone))}
    />
  );
}

/** A day, `2026-11-26`, empty for none. */
export function DayField({ day, set, ...common }: Common & { day: string; set: (day: string) => void }): JSX.Element {
  const zone = timeZone.value;
  // At noon, so that no zone makes another day of it.
  const parsed =
    day === ""
      ? ""
      : calendar.value === "gregorian"
        ? zone
        : t("when.day_told", { day: dayWords(momentOf(`${day} 12:00`, zone) ?? 0, zone), zone });
  return <WhenField {...common} value={day} zone={zone} precision="day" minutes={1} told={parsed} set={set} />;
}

interface Whole extends Common {
  value: string;
  zone: string;
  precision: Precision;
  minutes: number;
  told: string;
  set: (text: string) => void;
}

function WhenField({ id, label, fault = null, value, zone, precision, minutes, told, set }: Whole): JSX.Element {
  /** What stands in the field while it is typed, or because it is wrong, and the value that came of it. */
  const typed = useSignal<{ text: string; fault: DateFault | null; made: string } | null>(null);
  // It gives way when the value comes from elsewhere.
  const mine = typed.value?.made === value ? typed.value : null;
  const example = exampleOf(zone, precision);
  const wrong = mine?.fault ? faultWords(mine.fault, precision, example) : fault;
  const take = (text: string): void => {
    if (text !== value) set(text);
  };
  const write = (text: string): void => {
    const read = isWhole(text, precision) ? readDate(text, precision) : null;
    typed.value = { text, fault: null, made: read?.text ?? value };
    if (read?.text) take(read.text);
  };
  const leave = (text: string): void => {
    const read = readDate(text, precision);
    typed.value = read.fault === null ? null : { text, fault: read.fault, made: "" };
    take(read.text ?? "");
  };
  const step = (event: KeyboardEvent & { currentTarget: HTMLInputElement }): void => {
    const by = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : null;
    if (by === null || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const field = event.currentTarget;
    const read = readDate(field.value, precision);
    if (read.text === null) return;
    const next =
      read.text === ""
        ? { text: present(zone, precision), from: 0, to: 4 }
        : stepped(read.text, field.selectionStart ?? 0, by, minutes);
    typed.value = null;
    field.value = next.text; // at once, so that the part stays marked
    field.setSelectionRange(next.from, next.to);
    take(next.text);
  };
  return (
    <div class="field when">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="num"
        inputMode="numeric"
        autocomplete="off"
        spellcheck={false}
        maxLength={24}
        placeholder={example}
        title={t("when.keys")}
        value={mine?.text ?? value}
        aria-invalid={wrong !== null}
        aria-describedby={`${id}-told ${id}-fault`}
        onInput={(event) => write(event.currentTarget.value)}
        onChange={(event) => leave(event.currentTarget.value)}
        onKeyDown={step}
      />
      <small id={`${id}-told`} class="num dim">
        {told !== ""
          ? told
          : mine?.fault
            ? zone
            : t(precision === "day" ? "when.write_day" : "when.write", { example, zone })}
      </small>
      <p id={`${id}-fault`} class="field-fault" role="alert">
        {wrong ?? ""}
      </p>
    </div>
  );
}

function textOf(ms: number, zone: string): string {
  return readDate(wallSeconds(ms, zone), "moment").text ?? "";
}

/** The present to the minute, or today: what an arrow key puts into an empty field. */
function present(zone: string, precision: Precision): string {
  return wallOf(now.peek(), zone)
    .slice(0, precision === "day" ? 10 : 16)
    .replace("T", " ");
}

/** Today, in the evening: a form to write in that is no riddle. */
function exampleOf(zone: string, precision: Precision): string {
  const day = present(zone, "day");
  return precision === "day" ? day : `${day} 18:00`;
}

/** What a moment is elsewhere: in UTC, or here where UTC is typed; and by the reader's years. */
function momentTold(ms: number, zone: string): string {
  const home = timeZone.value;
  const local = (where: string): string => `${dayWords(ms, where)} ${wallOf(ms, where).slice(11)}`;
  const withOffset = (where: string): string => `${where} ${zoneOffset(ms, where)}`;
  if (zone === "UTC") return t("when.utc_told", { local: local(home), zone: withOffset(home) });
  const utc = wallOf(ms, "UTC").replace("T", " ");
  return calendar.value === "gregorian"
    ? t("when.zone_told", { zone: withOffset(zone), utc })
    : t("when.told", { local: local(zone), zone: withOffset(zone), utc });
}

function faultWords({ code, n, year }: DateFault, precision: Precision, example: string): string {
  if (code === "form") return t(precision === "day" ? "when.fault.form_day" : "when.fault.form", { example });
  return t(`when.fault.${code}`, { number: String(n), year: String(year) });
}
