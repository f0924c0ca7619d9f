/** Parts of a plan that have times of their own: legs, and where and when units meet. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { coordinateFormat } from "../../../../browser/preferences.ts";
import { coordinateWords } from "../../../../geo/coordinates.ts";
import { placeWords } from "../../../../geo/place-addresses.ts";
import { placeOf } from "../../../../geo/river-places.ts";
import { agencyName } from "../../../../session/agencies.ts";
import { Icon } from "../../../../widgets/icons.tsx";
import type { Leg, Rendezvous } from "../../../../wire/patrols.ts";
import { t } from "../../../../words/index.ts";
import { change } from "../plan/draft.ts";
import { choosePlace, placing } from "../plan/patrol-layers.ts";
import type { PlanContent } from "../plan/plan.ts";
import { sectorName, unitName } from "../plan/words.ts";
import { FieldFault, TimeField } from "./fields.tsx";

export function Legs({ plan, children }: { plan: PlanContent; children: ComponentChildren }): JSX.Element {
  const set = (number: number, leg: Partial<Leg>, merge = false): void =>
    change({ ...plan, legs: plan.legs.map((each, n) => (n === number ? { ...each, ...leg } : each)) }, merge);
  const add = (): void =>
    change({
      ...plan,
      legs: [
        ...plan.legs,
        {
          name: t("patrol.leg_name", { number: plan.legs.length + 1 }),
          starts_at: plan.legs.at(-1)?.ends_at ?? plan.starts_at,
          ends_at: plan.ends_at,
          lead: null,
          sectors: [],
        },
      ],
    });
  return (
    <fieldset class="plan-part">
      <legend>{t("patrol.legs")}</legend>
      {plan.legs.length === 0 && <p class="hint">{t("patrol.legs_what")}</p>}
      {plan.legs.map((leg, n) => (
        <div key={n} class="plan-piece" role="group" aria-label={leg.name}>
          <div class="piece-head">
            <div class="field">
              <label for={`leg-${n}`}>{t("patrol.name")}</label>
              <input
                id={`leg-${n}`}
                maxLength={100}
                value={leg.name}
                onInput={(event) => set(n, { name: event.currentTarget.value }, true)}
              />
            </div>
            <button
              type="button"
              class="icon-button"
              aria-label={t("patrol.leg_out", { name: leg.name })}
              title={t("patrol.leg_out", { name: leg.name })}
              onClick={() => change({ ...plan, legs: plan.legs.filter((_, at) => at !== n) })}
            >
              <Icon name="close" />
            </button>
          </div>
          <div class="pair">
            <TimeField
              id={`leg-${n}-start`}
              label={t("patrol.begins")}
              value={leg.starts_at}
              fault={null}
              set={(time) => set(n, { starts_at: time })}
            />
            <TimeField
              id={`leg-${n}-end`}
              label={t("patrol.ends")}
              value={leg.ends_at}
              fault={null}
              set={(time) => set(n, { ends_at: time })}
            />
          </div>
          <label for={`leg-${n}-lead`}>{t("patrol.lead")}</label>
          <select
            id={`leg-${n}-lead`}
            value={leg.lead ?? ""}
            onChange={(event) => set(n, { lead: event.currentTarget.value || null })}
          >
            <option value="">{t("patrol.lead_same", { agency: agencyName(plan.lead) })}</option>
            {plan.agencies.map((each) => (
              <option key={each} value={each}>
                {agencyName(each)}
              </option>
            ))}
          </select>
          {plan.sectors.length > 0 && (
            <div class="checks" role="group" aria-label={t("patrol.leg_sectors")}>
              {plan.sectors.map((id) => (
                <label key={id}>
                  <input
                    type="checkbox"
                    checked={(leg.sectors ?? []).includes(id)}
                    onChange={(event) =>
                      set(n, {
                        sectors: event.currentTarget.checked
                          ? [...(leg.sectors ?? []), id]
                          : (leg.sectors ?? []).filter((each) => each !== id),
                      })
                    }
                  />
                  <span>{sectorName(id)}</span>
                </label>
              ))}
            </div>
          )}
        </div>
      ))}
      <div class="actions flat">
        <button type="button" class="button" onClick={add}>
          <Icon name="plus" />
          {t("patrol.leg_add")}
        </button>
      </div>
      {children}
    </fieldset>
  );
}

export function Meetings({ plan, children }: { plan: PlanContent; children: ComponentChildren }): JSX.Element {
  const add = (): void => {
    change({
      ...plan,
      rendezvous: [
        ...plan.rendezvous,
        {
          name: t("patrol.meeting_name", { number: plan.rendezvous.length + 1 }),
          lon: Number.NaN,
          lat: Number.NaN,
          at: plan.starts_at,
          units: [],
        },
      ],
    });
  };
  return (
    <fieldset class="plan-part">
      <legend>{t("patrol.rendezvous")}</legend>
      {plan.rendezvous.length === 0 && <p class="hint">{t("patrol.meetings_what")}</p>}
      {plan.rendezvous.map((each, n) => (
        <Meeting key={n} plan={plan} meeting={each} number={n} />
      ))}
      <div class="actions flat">
        <button type="button" class="button" onClick={add}>
          <Icon name="plus" />
          {t("patrol.meeting_add")}
        </button>
      </div>
      {children}
    </fieldset>
  );
}

function Meeting({ plan, meeting, number }: { plan: PlanContent; meeting: Rendezvous; number: number }): JSX.Element {
  const placed = Number.isFinite(meeting.lon);
  const typed = useSignal<string | null>(null);
  const wrong = useSignal(false);
  const id = `meeting-${number}`;
  const set = (some: Partial<Rendezvous>, merge = false): void =>
    change(
      { ...plan, rendezvous: plan.rendezvous.map((each, n) => (n === number ? { ...each, ...some } : each)) },
      merge,
    );
  const read = (text: string): void => {
    const place = placeOf(text);
    wrong.value = place === null && text.trim() !== "";
    typed.value = place === null ? text : null;
    if (place !== null) set({ lon: Math.round(place.lon * 1e5) / 1e5, lat: Math.round(place.lat * 1e5) / 1e5 });
  };
  return (
    <div class="plan-piece" role="group" aria-label={meeting.name}>
      <div class="piece-head">
        <div class="field">
          <label for={id}>{t("patrol.name")}</label>
          <input
            id={id}
            maxLength={100}
            value={meeting.name}
            onInput={(event) => set({ name: event.currentTarget.value }, true)}
          />
        </div>
        <button
          type="button"
          class="icon-button"
          aria-label={t("patrol.meeting_out", { name: meeting.name })}
          title={t("patrol.meeting_out", { name: meeting.name })}
          onClick={() => change({ ...plan, rendezvous: plan.rendezvous.filter((_, n) => n !== number) })}
        >
          <Icon name="close" />
        </button>
      </div>
      <TimeField
        id={`${id}-at`}
        label={t("patrol.meeting_at")}
        value={meeting.at}
        fault={null}
        set={(time) => set({ at: time })}
      />
      <label for={`${id}-place`}>{t("patrol.place")}</label>
      <div class="plot-line">
        <input
          id={`${id}-place`}
          autocomplete="off"
          spellcheck={false}
          placeholder={t("patrol.place_example")}
          aria-invalid={wrong.value}
          value={typed.value ?? (placed ? coordinateWords(meeting.lon, meeting.lat, coordinateFormat.value) : "")}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
            wrong.value = false;
          }}
          onChange={(event) => read(event.currentTarget.value)}
        />
        <button
          type="button"
          class="button"
          aria-pressed={placing.value === number}
          onClick={() => {
            if (placing.value === number) placing.value = null;
            else choosePlace(number);
          }}
        >
          <Icon name="target" />
          {t("patrol.place_map")}
        </button>
      </div>
      {placing.value === number && (
        <p class="hint" role="status">
          {t("patrol.place_press")}
        </p>
      )}
      {placed && <p class="dim num">{placeWords(meeting.lon, meeting.lat)}</p>}
      <FieldFault text={wrong.value ? t("patrol.place_wrong") : null} />
      {plan.members.length > 1 && (
        <div class="checks" role="group" aria-label={t("patrol.meeting_units")}>
          <p class="hint">{t("patrol.meeting_units_how")}</p>
          {plan.members.map((each) => (
            <label key={each.unit}>
              <input
                type="checkbox"
                checked={(meeting.units ?? []).includes(each.unit)}
                onChange={(event) =>
                  set({
                    units: event.currentTarget.checked
                      ? [...(meeting.units ?? []), each.unit]
                      : (meeting.units ?? []).filter((unit) => unit !== each.unit),
                  })
                }
              />
              <span>{unitName(each.unit, each.agency)}</span>
            </label>
          ))}
        </div>
      )}
    </div>
  );
}
