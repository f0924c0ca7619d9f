/** Says for which unit a radio stands, from when and until when. Its track goes with it. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { everyone } from "../../../live/signals.ts";
import { now } from "../../../session/clock.ts";
import { ADD_UNIT } from "../../../session/permissions.ts";
import { may, timeZone } from "../../../session/session.ts";
import { SIDES } from "../../../symbols/marks.ts";
import { MomentField } from "../../../widgets/date-field.tsx";
import { faultWords } from "../../../widgets/load-states.tsx";
import { useModal } from "../../../widgets/modal.ts";
import { call } from "../../../wire/calls.ts";
import { nothing } from "../../../wire/parser.ts";
import type { UnitKind, UnitState } from "../../../wire/units.ts";
import { UnitRecord } from "../../../wire/units.ts";
import { t } from "../../../words/index.ts";
import { assigning, notify, select, selectedId } from "../desk/selection.ts";

const KINDS: UnitKind[] = ["boat", "vehicle", "foot", "handheld", "fixed"];
const NEW = "+";

export function AssignDialog(): JSX.Element | null {
  const address = assigning.value;
  return address === null ? null : <Form key={address} address={address} />;
}

function Form({ address }: { address: string }): JSX.Element {
  const dialog = useModal();
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const radio = everyone.peek()?.find((each) => each.id === address);
  // A person is nobody's radio: most likely a unit of their own is wanted.
  const unit = useSignal(radio?.person && may(ADD_UNIT) ? NEW : "");
  /** The unit that was made here, until the stream tells of it: the line may be broken. */
  const created = useSignal<UnitRecord | null>(null);
  const since = useSignal("ever");
  const start = useSignal<number | null>(null);
  const end = useSignal<number | null>(null);
  const tried = useSignal(false);
  const shut = (): void => {
    assigning.value = null;
  };
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const currentForm = event.currentTarget as HTMLFormElement;
    tried.value = true;
    // A time that cannot be read must not pass for none.
    const wrong =
      currentForm.querySelector<HTMLElement>("[aria-invalid='true']") ??
      (since.value === "moment" && start.value === null
        ? currentForm.querySelector<HTMLElement>("#assign-start")
        : null);
    if (wrong !== null) return wrong.focus();
    const form = new FormData(currentForm);
    busy.value = true;
    fault.value = null;
    try {
      // Chosen from now on: who tries again makes no second one.
      if (unit.value === NEW) {
        created.value = await call("POST", "/api/units", UnitRecord, newUnit(form));
        unit.value = created.value.id;
      }
      const chosen = unit.value;
      const startMs = since.value === "now" ? now.peek() : since.value === "moment" ? start.value : null;
      const body: Record<string, string> = { address, unit: chosen };
      // All it ever sent belongs to the unit, unless a later start is chosen.
      if (startMs !== null) body["start"] = new Date(startMs).toISOString();
      if (end.value !== null) body["end"] = new Date(end.value).toISOString();
      await call("POST", "/api/assignments", nothing, body);
      notify(t("assign.done"));
      if (selectedId.peek() === address) select(chosen);
      shut();
    } catch (caught) {
      fault.value = `${t("assign.failed")} ${faultWords(caught)}`;
    } finally {
      busy.value = false;
    }
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="assign-title" onCancel={shut} onClose={shut}>
      <form onSubmit={(event) => void send(event)}>
        <h2 id="assign-title">{t(radio?.person ? "assign.person" : "assign.title")}</h2>
        <p class="dim">
          {radio?.call_sign !== address ? `${radio?.call_sign ?? ""} · ` : ""}
          <code>{address}</code>
        </p>
        <label for="assign-unit">{t("assign.unit")}</label>
        <select
          id="assign-unit"
          required
          value={unit.value}
          onChange={(event) => {
            unit.value = event.currentTarget.value;
          }}
        >
          <option value="" disabled>
            {t("assign.choose")}
          </option>
          {may(ADD_UNIT) && <option value={NEW}>{t("assign.new")}</option>}
          {created.value !== null && !everyone.value?.some((each) => each.id === created.value?.id) && (
            <option value={created.value.id}>{created.value.call_sign}</option>
          )}
          {(everyone.value ?? [])
            .filter((each) => each.known !== false)
            .map((each) => (
              <option key={each.id} value={each.id}>
                {each.call_sign}
                {each.country ? ` (${each.country})` : ""}
              </option>
            ))}
        </select>
        {unit.value === NEW && <NewUnit person={radio?.person ? radio : null} />}
        {!may(ADD_UNIT) && <p class="hint">{t("assign.ask_unit")}</p>}
        <label for="assign-since">{t("assign.since")}</label>
        <select
          id="assign-since"
          name="since"
          value={since.value}
          onChange={(event) => {
            since.value = event.currentTarget.value;
          }}
        >
          <option value="ever">{t("assign.since_ever")}</option>
          <option value="now">{t("assign.since_now")}</option>
          <option value="moment">{t("assign.since_moment")}</option>
        </select>
        {since.value === "moment" && (
          <MomentField
            id="assign-start"
            label={t("assign.start")}
            ms={start.value}
            zone={timeZone.value}
            fault={tried.value && start.value === null ? t("when.needed") : null}
            set={(ms) => {
              start.value = ms;
            }}
          />
        )}
        <MomentField
          id="assign-end"
          label={t("assign.end")}
          ms={end.value}
          zone={timeZone.value}
          set={(ms) => {
            end.value = ms;
          }}
        />
        <p class="hint">{t("assign.hint")}</p>
        {fault.value && (
          <p class="field-fault" role="alert">
            {fault.value}
          </p>
        )}
        <div class="actions end">
          <button class="button" type="button" onClick={shut}>
            {t("dialog.cancel")}
          </button>
          <button class="button primary" type="submit" disabled={busy.value}>
            {t("assign.send")}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** What is known of a person is filled in already. */
function NewUnit({ person }: { person: UnitState | null }): JSX.Element {
  return (
    <fieldset class="pair">
      <legend class="hidden">{t("assign.new")}</legend>
      <label class="whole" for="new-call-sign">
        {t("assign.call_sign")}
      </label>
      <input
        class="whole"
        id="new-call-sign"
        name="call_sign"
        required
        maxLength={40}
        autocomplete="off"
        defaultValue={person?.call_sign ?? ""}
      />
      <div>
        <label for="new-kind">{t("assign.kind")}</label>
        <select id="new-kind" name="kind">
          {KINDS.map((kind) => (
            <option key={kind} value={kind} selected={person !== null && kind === "foot"}>
              {t(`kind.${kind}`)}
            </option>
          ))}
        </select>
      </div>
      <div>
        <label for="new-side">{t("assign.side")}</label>
        <select id="new-side" name="country">
          <option value="">{t("country.unknown")}</option>
          {SIDES.map((side) => (
            <option key={side} value={side} selected={person?.country === side}>
              {t(`country.${side}`)}
            </option>
          ))}
        </select>
      </div>
    </fieldset>
  );
}

function newUnit(form: FormData): Record<string, string | null> {
  return {
    call_sign: String(form.get("call_sign")).trim(),
    kind: String(form.get("kind")),
    country: String(form.get("country")) || null,
  };
}
