/** An agreement drafted and put before the other parties: what crosses, where, how exactly, how long. */
import { type Signal, useSignal } from "@preact/signals";
import { type JSX, render } from "preact";
import { agencyName, agencyNames } from "../../../session/agencies.ts";
import { timeZone } from "../../../session/session.ts";
import { momentOf } from "../../../session/wall-clock.ts";
import { DayField } from "../../../widgets/date-field.tsx";
import { faultWords } from "../../../widgets/load-states.tsx";
import { useModal } from "../../../widgets/modal.ts";
import { call } from "../../../wire/calls.ts";
import { nothing, object, text } from "../../../wire/parser.ts";
import { t, wordsIfAny } from "../../../words/index.ts";
import { ours } from "../desk/queue.ts";
import { notify } from "../desk/selection.ts";
import "./agreement-dialog.css";

const CLASSES = [
  "positions",
  "tracks",
  "sectors",
  "patrols",
  "alerts",
  "targets",
  "incidents",
  "texts",
  "marks",
  "distress",
  "duty_contact",
];
/** What is ticked at first. */
const FIRST = ["positions", "tracks", "alerts", "targets", "distress", "duty_contact"];
const DAY_MS = 86_400_000;

/** Opens the form over the page. */
export function draftAgreement(): void {
  const place = document.body.appendChild(document.createElement("div"));
  const shut = (): void => {
    render(null, place);
    place.remove();
  };
  render(<DraftDialog shut={shut} />, place);
}

function DraftDialog({ shut }: { shut: () => void }): JSX.Element {
  const dialog = useModal();
  const others = [...agencyNames.value.keys()].filter((id) => id !== ours.value);
  const name = useSignal("");
  const parties = useSignal<readonly string[]>(others.length === 1 ? others : []);
  const classes = useSignal<readonly string[]>(FIRST);
  const from = useSignal("");
  const until = useSignal("");
  const river = useSignal("");
  const kmFrom = useSignal("");
  const kmTo = useSignal("");
  const width = useSignal("2000");
  const grid = useSignal("0");
  const late = useSignal("0");
  const keep = useSignal("");
  const basis = useSignal("");
  const joint = useSignal(false);
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  /** Stored by an earlier press that could not propose it: what was written there. */
  const drafted = useSignal<{ path: string; written: string } | null>(null);

  const terms = (): object => {
    const zone = timeZone.value;
    return {
      name: name.value.trim(),
      classes: classes.value,
      valid_from: instant(momentOf(`${from.value} 00:00`, zone)),
      valid_until: instant(momentOf(`${until.value} 00:00`, zone), DAY_MS),
      precision_m: Number(grid.value),
      delay_s: Number(late.value),
      only_joint_patrols: joint.value,
      legal_basis: basis.value.trim(),
      ...(keep.value && { keep_days: Number(keep.value) }),
      ...(river.value.trim() && {
        corridor: {
          river: river.value.trim(),
          km_from: Number(kmFrom.value),
          km_to: Number(kmTo.value),
          from_river_m: Number(width.value),
        },
      }),
    };
  };
  /** Stores the draft as it stands in the form, once; returns its path. */
  const store = async (): Promise<string> => {
    const agencies = [ours.value, ...parties.value];
    const wanted = terms();
    const written = JSON.stringify({ agencies, wanted });
    if (drafted.value?.written !== written) {
      const made = await call("POST", "/api/agreements", object({ id: text }), { agencies, terms: wanted });
      drafted.value = { path: `/api/agreements/${encodeURIComponent(made.id)}`, written };
    }
    return drafted.value.path;
  };
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    fault.value = null;
    try {
      const path = await store();
      await call("POST", `${path}/propose`, nothing);
      notify(t("agreement.proposed"));
      shut();
    } catch (caught) {
      fault.value = `${t("agreement.not_proposed")} ${faultWords(caught)}`;
      busy.value = false;
    }
  };
  return (
    <dialog ref={dialog} class="dialog agreement" aria-labelledby="draft-title" onCancel={shut} onClose={shut}>
      <h2 id="draft-title">{t("agreement.draft")}</h2>
      <form onSubmit={(event) => void send(event)}>
        <TextField id="draft-name" label={t("agreement.name")} value={name} most={200} needed />
        <Choices legend={t("agreement.with")} all={others} chosen={parties} words={agencyName} />
        <Choices
          legend={t("agreement.classes")}
          all={CLASSES}
          chosen={classes}
          words={(each) => wordsIfAny(`agreement.class.${each}`) ?? each}
        />
        <DayField id="draft-from" label={t("agreement.first_day")} day={from.value} set={(day) => set(from, day)} />
        <DayField id="draft-until" label={t("agreement.last_day")} day={until.value} set={(day) => set(until, day)} />
        <TextField id="draft-river" label={t("agreement.river")} value={river} most={100} />
        {river.value.trim() !== "" && (
          <>
            <NumberField id="draft-km-from" label={t("agreement.km_from")} value={kmFrom} least={0} needed />
            <NumberField id="draft-km-to" label={t("agreement.km_to")} value={kmTo} least={0} needed />
            <NumberField id="draft-width" label={t("agreement.width")} value={width} least={30} needed />
          </>
        )}
        <NumberField id="draft-grid" label={t("agreement.grid")} value={grid} least={0} needed />
        <NumberField id="draft-late" label={t("agreement.late")} value={late} least={0} needed />
        <NumberField id="draft-keep" label={t("agreement.keep_most")} value={keep} least={1} />
        <label class="check">
          <input
            type="checkbox"
            checked={joint.value}
            onChange={(event) => {
              joint.value = event.currentTarget.checked;
            }}
          />
          {t("agreement.only_joint")}
        </label>
        <TextField id="draft-basis" label={t("agreement.legal_basis")} value={basis} most={1000} />
        <p class="hint">{t("agreement.propose_hint")}</p>
        {fault.value && (
          <p class="field-fault" role="alert">
            {fault.value}
          </p>
        )}
        <div class="actions end">
          <button class="button" type="button" onClick={shut}>
            {t("dialog.close")}
          </button>
          <button
            class="button primary"
            type="submit"
            disabled={busy.value || !(parties.value.length && classes.value.length && from.value && until.value)}
          >
            {t("agreement.propose")}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function set(field: Signal<string>, value: string): void {
  field.value = value;
}

function instant(ms: number | null, laterMs = 0): string | null {
  return ms === null ? null : new Date(ms + laterMs).toISOString();
}

interface Field {
  id: string;
  label: string;
  value: Signal<string>;
  needed?: boolean;
}

function TextField({ id, label, value, most, needed = false }: Field & { most: number }): JSX.Element {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        maxLength={most}
        autocomplete="off"
        required={needed}
        value={value.value}
        onInput={(event) => set(value, event.currentTarget.value)}
      />
    </div>
  );
}

function NumberField({ id, label, value, least, needed = false }: Field & { least: number }): JSX.Element {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="num"
        type="number"
        min={least}
        step="any"
        required={needed}
        value={value.value}
        onInput={(event) => set(value, event.currentTarget.value)}
      />
    </div>
  );
}

function Choices({
  legend,
  all,
  chosen,
  words,
}: {
  legend: string;
  all: readonly string[];
  chosen: Signal<readonly string[]>;
  words: (each: string) => string;
}): JSX.Element {
  return (
    <fieldset class="agreement-choices">
      <legend>{legend}</legend>
      {all.map((each) => (
        <label key={each} class="check">
          <input
            type="checkbox"
            checked={chosen.value.includes(each)}
            onChange={(event) => {
              const rest = chosen.value.filter((other) => other !== each);
              chosen.value = event.currentTarget.checked ? [...rest, each] : rest;
            }}
          />
          {words(each)}
        </label>
      ))}
    </fieldset>
  );
}
