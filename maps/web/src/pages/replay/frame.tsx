/** The frame of the replay page: a panel, the map with what is printed in it, the controls below. */
import type { JSX } from "preact";
import { palette } from "../../browser/preferences.ts";
import { MapCanvas } from "../../map/map-canvas.tsx";
import { mapFailed, zoomBy } from "../../map/page-map.ts";
import { session, timeZone } from "../../session/session.ts";
import { clockTime, dateTime, zoneOffset } from "../../session/times.ts";
import { Boundary } from "../../widgets/frame/boundary.tsx";
import { PageNotices } from "../../widgets/frame/page-notices.tsx";
import { PagesMenu } from "../../widgets/frame/pages-menu.tsx";
import { Icon } from "../../widgets/icons.tsx";
import { t } from "../../words/index.ts";
import { openTab, panelOpen, TABS, tab } from "./frame-state.ts";
import { KeysDialog, keysOpen, nextPalette, tip } from "./keys.tsx";
import { ThenPanel, UnitsPanel } from "./lists.tsx";
import { dark, loaded, look, playMs, quiet, seek } from "./player.ts";
import { RangePanel } from "./range-panel.tsx";
import { QUIET_MIN } from "./reel/quiet-times.ts";
import { fit, openMap } from "./replay-map.ts";
import { SavePanel } from "./save-panel.tsx";
import { TotalsPanel } from "./totals-panel.tsx";
import { Transport } from "./transport.tsx";
import { darkWords, rangeWords, shortMoment } from "./words.ts";

export function Frame(): JSX.Element {
  return (
    <div class="replay" data-panel={panelOpen.value} data-tab={tab.value}>
      <header class="replay-head">
        <div>
          <h1>{t("page.replay")}</h1>
          <p class="dim">{session.value?.node.name}</p>
        </div>
        <button
          class="icon-button"
          title={tip(t("palette.next", { name: t(`palette.${palette.value}`) }), "n")}
          aria-label={t("palette.next", { name: t(`palette.${palette.value}`) })}
          onClick={nextPalette}
        >
          <Icon name="palette" />
        </button>
        <button
          class="icon-button keys-button"
          title={tip(t("replay.keys"), "?")}
          aria-label={t("replay.keys")}
          onClick={() => {
            keysOpen.value = true;
          }}
        >
          <Icon name="help" />
        </button>
        <button
          class="icon-button fold-button"
          title={tip(t(panelOpen.value ? "replay.panel_fold" : "replay.panel_open"), "[")}
          aria-label={t(panelOpen.value ? "replay.panel_fold" : "replay.panel_open")}
          aria-expanded={panelOpen.value}
          onClick={() => {
            panelOpen.value = !panelOpen.value;
          }}
        >
          <Icon name={panelOpen.value ? "left" : "right"} />
        </button>
        <PagesMenu />
      </header>
      <main class="replay-main">
        <div class="replay-map">
          <Boundary name="map">
            <MapCanvas open={openMap} />
          </Boundary>
        </div>
        <Boundary name="printed">
          <Printed />
        </Boundary>
        <Boundary name="quiet">
          <QuietNote />
        </Boundary>
        <PageNotices />
        <div class="map-tools" role="group" aria-label={t("tools.label")}>
          <button
            class="icon-button"
            title={t("replay.zoom_in")}
            aria-label={t("replay.zoom_in")}
            onClick={() => zoomBy(1)}
          >
            <Icon name="plus" />
          </button>
          <button
            class="icon-button"
            title={t("replay.zoom_out")}
            aria-label={t("replay.zoom_out")}
            onClick={() => zoomBy(-1)}
          >
            <Icon name="minus" />
          </button>
          <button class="icon-button" title={tip(t("replay.fit"), "f")} aria-label={t("replay.fit")} onClick={fit}>
            <Icon name="fit" />
          </button>
        </div>
        {mapFailed.value !== null && (
          <div class="map-failed" role="alert">
            <Icon name="warn" />
            <p>{t("replay.map_failed")}</p>
          </div>
        )}
        <p class="borders">{t("replay.borders")}</p>
      </main>
      <aside class="replay-panel" aria-label={t("replay.title")}>
        <div class="replay-panel-inner" inert={!panelOpen.value}>
          <Tabs />
          <div class="tab-content" id="tab-content" role="tabpanel" aria-labelledby={`tab-${tab.value}`}>
            <Boundary key={tab.value} name={tab.value}>
              <Content />
            </Boundary>
          </div>
        </div>
      </aside>
      <Boundary name="transport">
        <Transport />
      </Boundary>
      <KeysDialog />
    </div>
  );
}

/** The range, its zone and the moment, in the picture itself: a photo of the screen proves nothing without them. */
function Printed(): JSX.Element | null {
  const now = loaded.value;
  if (now === null) return null;
  const [ms, zone] = [playMs.value, timeZone.value];
  return (
    <section class="printed num" aria-label={t("replay.printed_label")}>
      <p class="clock" id="clock">
        <b>{dateTime(ms, zone)}</b> <span>{zoneOffset(ms, zone)}</span> <span>{clockTime(ms, "UTC")} UTC</span>
      </p>
      <p id="printed-local">{rangeWords(now.range, zone)}</p>
      <p id="printed-utc">{rangeWords(now.range, "UTC")}</p>
      <p class="how">{t(look.value === "known" ? "replay.known" : "replay.as_it_was")}</p>
      {dark.value.map((each) => (
        <p key={each.agency} class="untold">
          {darkWords(each)}
        </p>
      ))}
    </section>
  );
}

/** Where nobody reported: why the map is as it is, and the way to the reports around. */
function QuietNote(): JSX.Element {
  const now = quiet.value;
  return (
    <div class="quiet-place" role="status">
      {now !== null && (
        <div class="quiet">
          <p>{t(now.before === null && now.next === null ? "replay.nothing" : "replay.quiet", { n: QUIET_MIN })}</p>
          {now.before !== null && (
            <button class="button num" title={tip(t("replay.step_back"), "←")} onClick={() => seek(now.before ?? 0)}>
              {t("replay.quiet.before", { time: shortMoment(now.before) })}
            </button>
          )}
          {now.next !== null && (
            <button class="button num" title={tip(t("replay.step_on"), "→")} onClick={() => seek(now.next ?? 0)}>
              {t("replay.quiet.next", { time: shortMoment(now.next) })}
            </button>
          )}
          {now.before === null && now.next !== null && <p class="dim">{t("replay.quiet.no_before")}</p>}
          {now.before !== null && now.next === null && <p class="dim">{t("replay.quiet.no_next")}</p>}
        </div>
      )}
    </div>
  );
}

function Tabs(): JSX.Element {
  const move = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = by === 0 ? undefined : TABS[(TABS.indexOf(tab.value) + by + TABS.length) % TABS.length];
    if (next === undefined) return;
    event.preventDefault();
    openTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  // biome-ignore lint/suspicious/noThenProperty: a tab of the page; nobody awaits the table
  const icons = { range: "clock", units: "list", then: "bell", totals: "layers", save: "save" } as const;
  // biome-ignore lint/suspicious/noThenProperty: as above
  const keys = { range: "c", units: "u", then: "h", totals: "t", save: "s" } as const;
  return (
    <div class="tabs" role="tablist" aria-label={t("replay.tabs")} onKeyDown={move}>
      {TABS.map((name) => (
        <button
          key={name}
          id={`tab-${name}`}
          role="tab"
          aria-selected={name === tab.value}
          aria-controls="tab-content"
          tabIndex={name === tab.value ? 0 : -1}
          title={tip(t(`replay.tab.${name}`), keys[name])}
          onClick={() => openTab(name)}
        >
          <Icon name={icons[name]} />
          <span>{t(`replay.tab.${name}`)}</span>
        </button>
      ))}
    </div>
  );
}

function Content(): JSX.Element {
  if (tab.value === "range") return <RangePanel />;
  if (tab.value === "units") return <UnitsPanel />;
  if (tab.value === "then") return <ThenPanel />;
  return tab.value === "totals" ? <TotalsPanel /> : <SavePanel />;
}
