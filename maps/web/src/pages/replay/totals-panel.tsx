/** What each unit did in the range, as a table. */

import type { JSX } from "preact";
import { Broken, Empty, Loading, useLoaded } from "../../widgets/load-states.tsx";
import { readAnswer } from "../../wire/calls.ts";
import { ReplayTotals, type UnitTotals } from "../../wire/replay.ts";
import { t, wordsIfAny } from "../../words/index.ts";
import { loaded } from "./player.ts";
import { serverQuery } from "./reel/range.ts";
import { fetchPart } from "./reel/requests.ts";
import { hours } from "./words.ts";

/** Less of a way along a river is not told. */
const LEAST_KM = 0.05;

export function TotalsPanel(): JSX.Element {
  const now = loaded.value;
  const query = now === null ? "" : serverQuery(now.range, now.asked).toString();
  const { value, fault, again } = useLoaded<ReplayTotals>(query, async () =>
    query === ""
      ? { units: [] }
      : readAnswer(await fetchPart(`/api/replay/totals?${query}`), "GET /api/replay/totals", ReplayTotals),
  );
  if (now === null) return <Empty title={t("replay.nothing_loaded")}>{t("replay.nothing_loaded_hint")}</Empty>;
  if (fault !== null) return <Broken what={t("replay.totals_failed")} fault={fault} retry={again} />;
  if (value === null) return <Loading />;
  if (value.units.length === 0) return <Empty title={t("replay.nothing")}>{t("replay.nothing_hint")}</Empty>;
  return (
    <div class="totals scroll" tabIndex={0} role="region" aria-label={t("replay.totals")}>
      <table class="num">
        <caption>{t("replay.totals")}</caption>
        <thead>
          <tr>
            {(
              [
                "unit",
                "km",
                "moving",
                "standing",
                "stops",
                "fastest",
                "gaps",
                "gap_time",
                "positions",
                "sides",
              ] as const
            ).map((name) => (
              <th key={name} scope="col">
                {t(`replay.total.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {value.units.map((unit) => (
            <Row key={unit.unit} unit={unit} />
          ))}
        </tbody>
      </table>
      <p class="hint">
        {t("replay.totals_hint")}
        {value.units.some((unit) => unit.along_river_km >= LEAST_KM) && ` ${t("replay.along_hint")}`}
      </p>
    </div>
  );
}

function Row({ unit }: { unit: UnitTotals }): JSX.Element {
  const removed = Object.values(unit.removed ?? {}).reduce((sum, each) => sum + each, 0);
  const sides = Object.entries(unit.sides ?? {}).filter(([, side]) => side.hours > 0);
  return (
    <tr>
      <th scope="row">{unit.call_sign}</th>
      <td>
        {unit.km.toFixed(1)}
        {unit.along_river_km >= LEAST_KM && (
          <small>{t("replay.total.along", { km: unit.along_river_km.toFixed(1) })}</small>
        )}
      </td>
      <td>{hours(unit.moving_hours)}</td>
      <td>{hours(unit.stop_hours)}</td>
      <td>{unit.stops}</td>
      <td>{unit.fastest_mps === undefined ? "–" : (unit.fastest_mps * 3.6).toFixed(1)}</td>
      <td>{unit.gaps}</td>
      <td>{hours(unit.gap_hours)}</td>
      <td>
        {unit.positions}
        {removed > 0 && <small>{t("replay.total.removed", { n: removed })}</small>}
      </td>
      <td class="sides">
        {sides.map(([side, { hours: h }]) => (
          <span key={side}>
            {t("replay.side", {
              side: wordsIfAny(`country.${side}`) ?? wordsIfAny(`replay.side.${side}`) ?? side,
              time: hours(h),
            })}
          </span>
        ))}
      </td>
    </tr>
  );
}
