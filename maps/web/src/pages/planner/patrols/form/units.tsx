/** Who goes and where: units of both sides, and sectors from the list or by a press on the map. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { agencyName } from "../../../../session/agencies.ts";
import { MarkIcon } from "../../../../symbols/mark-icon.tsx";
import { t } from "../../../../words/index.ts";
import { units } from "../../desk/stream-documents.ts";
import { sectors } from "../../sectors/draft/store.ts";
import { change } from "../plan/draft.ts";
import { type PlanContent, withCrew, withSector, withUnit } from "../plan/plan.ts";
import { agencies, own, unitsById } from "../plan/store.ts";
import { joinNames, sectorName, unitName } from "../plan/words.ts";

/** A list longer than this can be searched. */
const LONG = 8;

export function Members({ plan, children }: { plan: PlanContent; children: ComponentChildren }): JSX.Element {
  const order = [own.value, ...agencies.value.map((each) => each.id).filter((id) => id !== own.value)];
  return (
    <fieldset class="plan-part">
      <legend>{t("patrol.units")}</legend>
      {order.map((agency) => (
        <UnitsOf key={agency} plan={plan} agency={agency} />
      ))}
      {children}
    </fieldset>
  );
}

function UnitsOf({ plan, agency }: { plan: PlanContent; agency: string }): JSX.Element | null {
  const known = (units.value ?? [])
    .filter((each) => each.agency === agency)
    .sort((a, b) => a.call_sign.localeCompare(b.call_sign));
  const unseen = plan.members.filter((each) => each.agency === agency && !unitsById.value.has(each.unit));
  const theirs = agency !== own.value;
  if (known.length === 0 && unseen.length === 0 && theirs && !plan.agencies.includes(agency)) return null;
  return (
    <div class="checks units-of" role="group" aria-label={agencyName(agency)}>
      <h3>{agencyName(agency)}</h3>
      {known.map((unit) => (
        <UnitLine key={unit.id} plan={plan} unit={unit.id} agency={agency}>
          <MarkIcon unit={unit} />
        </UnitLine>
      ))}
      {unseen.map((each) => (
        <UnitLine key={each.unit} plan={plan} unit={each.unit} agency={agency}>
          {null}
        </UnitLine>
      ))}
      {known.length === 0 && unseen.length === 0 && (
        <p class="hint">{t(theirs ? "patrol.units_unshared" : "patrol.units_own_none")}</p>
      )}
    </div>
  );
}

function UnitLine({
  plan,
  unit,
  agency,
  children,
}: {
  plan: PlanContent;
  unit: string;
  agency: string;
  children: ComponentChildren;
}): JSX.Element {
  const member = plan.members.find((each) => each.unit === unit);
  const name = unitName(unit, agency);
  return (
    <div class="unit-line">
      <label>
        <input
          type="checkbox"
          checked={member !== undefined}
          onChange={(event) => change(withUnit(plan, unit, agency, event.currentTarget.checked))}
        />
        {children}
        <span>{name}</span>
      </label>
      {member !== undefined && (
        <label class="crew">
          {t("patrol.crew")}
          <input
            type="number"
            min={0}
            max={500}
            aria-label={t("patrol.crew_on", { unit: name })}
            value={member.crew ?? ""}
            onInput={(event) => {
              const typed = Math.round(event.currentTarget.valueAsNumber);
              change(withCrew(plan, unit, Number.isNaN(typed) ? null : Math.max(0, Math.min(500, typed))), true);
            }}
          />
        </label>
      )}
    </div>
  );
}

export function SectorChoice({ plan, children }: { plan: PlanContent; children: ComponentChildren }): JSX.Element {
  const sought = useSignal("");
  const all = (sectors.value ?? []).filter(
    ({ sector }) =>
      plan.sectors.includes(sector.id) || !["no_go", "restricted", "reach"].includes(sector.use ?? "patrol"),
  );
  const query = sought.value.trim().toLocaleLowerCase();
  const known = new Set((sectors.value ?? []).map((each) => each.sector.id));
  return (
    <fieldset class="plan-part">
      <legend>{t("patrol.sectors")}</legend>
      <p class="hint">{t("patrol.sectors_how")}</p>
      {plan.sectors.length > 0 && (
        <p aria-live="polite">
          <b>{joinNames(plan.sectors.map(sectorName))}</b>
        </p>
      )}
      {all.length > LONG && (
        <input
          type="search"
          aria-label={t("patrol.sector_search")}
          placeholder={t("patrol.sector_search")}
          value={sought.value}
          onInput={(event) => {
            sought.value = event.currentTarget.value;
          }}
        />
      )}
      <div class="checks sector-checks">
        {all
          .filter(({ sector }) => sector.name.toLocaleLowerCase().includes(query))
          .map(({ sector }) => (
            <label key={sector.id}>
              <input
                type="checkbox"
                checked={plan.sectors.includes(sector.id)}
                onChange={(event) => change(withSector(plan, sector.id, event.currentTarget.checked))}
              />
              <span>
                {sector.name}
                <small>{agencyName(sector.agency)}</small>
              </span>
            </label>
          ))}
        {plan.sectors
          .filter((id) => !known.has(id))
          .map((id) => (
            <label key={id}>
              <input type="checkbox" checked onChange={() => change(withSector(plan, id, false))} />
              <span>{t("patrol.sector_unseen")}</span>
            </label>
          ))}
        {all.length === 0 && <p class="hint">{t("patrol.sectors_no")}</p>}
      </div>
      {children}
    </fieldset>
  );
}
