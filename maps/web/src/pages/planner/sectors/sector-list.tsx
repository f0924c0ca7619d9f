/** The list of sectors: search, what each is for, whose it is, which version stands. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { agencyName } from "../../../session/agencies.ts";
import { may } from "../../../session/session.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { Broken, Empty, Loading } from "../../../widgets/load-states.tsx";
import type { SectorUse } from "../../../wire/documents.ts";
import { USES, versionNumber } from "../../../wire/sectors.ts";
import { t } from "../../../words/index.ts";
import { UnsavedOffers } from "../desk/draft-notice.tsx";
import { type Draft, startNew, takeUp, unsaved } from "./draft/draft.ts";
import { DRAW_SECTORS, isOurs, loadSectors, sectors, sectorsFault } from "./draft/store.ts";
import { areaWords } from "./draft/words.ts";
import { fitDraft, open } from "./drawing/sector-layers.ts";

const sought = signal("");
const use = signal<SectorUse | "">("");

function drawOn(left: Draft): boolean {
  takeUp(left);
  fitDraft();
  return true;
}

export function SectorList(): JSX.Element {
  const all = sectors.value;
  const query = sought.value.trim().toLocaleLowerCase();
  const found = (all ?? []).filter(
    ({ sector }) =>
      (use.value === "" || (sector.use ?? "patrol") === use.value) &&
      `${sector.name} ${agencyName(sector.agency)} ${sector.note ?? ""}`.toLocaleLowerCase().includes(query),
  );
  return (
    <section class="panel" aria-labelledby="sectors-title">
      <div class="panel-head">
        <h2 id="sectors-title">{t("planner.sectors")}</h2>
        {all !== null && <span class="count num">{t("sector.count", { n: found.length })}</span>}
      </div>
      <div class="sector-tools">
        <div class="search">
          <Icon name="search" />
          <input
            id="sector-search"
            type="search"
            autocomplete="off"
            placeholder={t("sector.search")}
            aria-label={t("sector.search")}
            title={t("key.tip", { words: t("sector.search"), key: "/" })}
            value={sought.value}
            onInput={(event) => {
              sought.value = event.currentTarget.value;
            }}
          />
        </div>
        <select
          aria-label={t("sector.use_filter")}
          value={use.value}
          onChange={(event) => {
            use.value = event.currentTarget.value as SectorUse | "";
          }}
        >
          <option value="">{t("sector.use_all")}</option>
          {USES.map((each) => (
            <option key={each} value={each}>
              {t(`sector.use.${each}`)}
            </option>
          ))}
        </select>
        {may(DRAW_SECTORS) && (
          <button class="button primary" title={t("key.tip", { words: t("sector.new"), key: "n" })} onClick={startNew}>
            <Icon name="plus" />
            {t("sector.new")}
          </button>
        )}
      </div>
      <div class="scroll">
        <UnsavedOffers
          unsaved={unsaved}
          take={drawOn}
          words={(left, time) =>
            left.name === "" ? t("sector.left_nameless", { time }) : t("sector.left", { time, name: left.name })
          }
        />
        {sectorsFault.value !== null && (
          <Broken what={t("sector.list_failed")} fault={sectorsFault.value} retry={() => void loadSectors()} />
        )}
        {all === null && sectorsFault.value === null && <Loading />}
        {all !== null && all.length === 0 && (
          <Empty title={t("sector.none")}>{t(may(DRAW_SECTORS) ? "sector.none_how" : "sector.none_why")}</Empty>
        )}
        {all !== null && all.length > 0 && found.length === 0 && (
          <Empty title={t("sector.not_found")}>{t("sector.not_found_how")}</Empty>
        )}
        <ul class="rows">
          {found.map((details) => {
            const { sector } = details;
            return (
              <li key={sector.id}>
                <button class="sector-row" onClick={() => open(sector.id)}>
                  <span class={`swatch swatch-${sector.use ?? "patrol"}`} aria-hidden="true" />
                  <b class="row-name">{sector.name}</b>
                  <span class="num dim">{areaWords(details.area_km2)}</span>
                  <span class="row-place">
                    {isOurs(details)
                      ? t("sector.row", {
                          use: t(`sector.use.${sector.use ?? "patrol"}`),
                          number: versionNumber(sector),
                        })
                      : t("sector.row_other", {
                          use: t(`sector.use.${sector.use ?? "patrol"}`),
                          number: versionNumber(sector),
                          agency: agencyName(sector.agency),
                        })}
                  </span>
                </button>
              </li>
            );
          })}
        </ul>
      </div>
    </section>
  );
}
