/** The frame of the planner's page: the map, a side that folds on a desktop, a sheet on a phone, three tabs. */
import type { JSX } from "preact";
import { MapCanvas } from "../../map/map-canvas.tsx";
import { mapFailed, zoomBy } from "../../map/page-map.ts";
import { layerInfos } from "../../map/reference-map.ts";
import { serverMoment } from "../../session/clock.ts";
import { session, timeZone } from "../../session/session.ts";
import { clockTime } from "../../session/times.ts";
import { QuestionDialog } from "../../widgets/dialogs/question-dialog.tsx";
import { Boundary } from "../../widgets/frame/boundary.tsx";
import { PageNotices } from "../../widgets/frame/page-notices.tsx";
import { PagesMenu } from "../../widgets/frame/pages-menu.tsx";
import { Sheet } from "../../widgets/frame/sheet.tsx";
import { Icon } from "../../widgets/icons.tsx";
import { t } from "../../words/index.ts";
import { Coverage } from "./coverage/coverage.tsx";
import {
  below,
  notice,
  openPlannerTab,
  PLANNER_TABS,
  phone,
  plannerTab,
  sheetStop,
  sideOpen,
} from "./desk/frame-state.ts";
import { helpOpen, KeysDialog } from "./desk/keys.tsx";
import { openMap } from "./desk/planner-map.ts";
import { news, newsStatus } from "./desk/stream-documents.ts";
import { Patrols } from "./patrols.tsx";
import { DrawBar } from "./sectors/drawing/draw-bar.tsx";
import { Sectors } from "./sectors/sectors.tsx";

export function Frame(): JSX.Element {
  return (
    <div
      class={phone.value ? "room planner phone" : "room planner"}
      data-left={sideOpen.value}
      data-right="false"
      style={{ "--below": `${below.value?.height ?? 0}px` }}
    >
      <main class="bare" aria-label={t("page.planner")}>
        <h1 class="hidden">{t("page.planner")}</h1>
        <div class="map-place">
          <Boundary name="map">
            <MapCanvas open={openMap} />
          </Boundary>
          {mapFailed.value !== null && (
            <div class="map-failed" role="alert">
              <Icon name="warn" />
              <p>
                <b>{t("map.failed")}</b> {t("planner.map_failed_how")}
              </p>
            </div>
          )}
        </div>
        <div class="over">
          <PageNotices />
          <Stale />
          <Boundary name="drawing">
            <DrawBar />
          </Boundary>
        </div>
        <div class="map-tools" role="toolbar" aria-label={t("tools.label")}>
          <button class="icon-button" title={t("key.zoom_in")} aria-label={t("key.zoom_in")} onClick={() => zoomBy(1)}>
            <Icon name="plus" />
          </button>
          <button
            class="icon-button"
            title={t("key.zoom_out")}
            aria-label={t("key.zoom_out")}
            onClick={() => zoomBy(-1)}
          >
            <Icon name="minus" />
          </button>
          {!phone.value && (
            <button
              class="icon-button"
              title={t("key.tip", { words: t("planner.keys"), key: "?" })}
              aria-label={t("planner.keys")}
              onClick={() => {
                helpOpen.value = true;
              }}
            >
              <Icon name="help" />
            </button>
          )}
        </div>
        <Attribution />
        <div class="notice-place" aria-live="polite">
          {notice.value && <p class={notice.value.bad ? "notice bad" : "notice"}>{notice.value.text}</p>}
        </div>
        {below.value !== null && (
          <section class="planner-below" aria-label={t("planner.below")}>
            <Boundary name="below">{below.value.view()}</Boundary>
          </section>
        )}
      </main>
      {phone.value ? (
        <>
          <header class="planner-head">
            <Head />
          </header>
          <Sheet label={t("planner.panel")} stop={sheetStop}>
            <Tabs />
            <Content />
          </Sheet>
        </>
      ) : (
        <Side />
      )}
      <Boundary name="AskDialog">
        <QuestionDialog />
      </Boundary>
      <KeysDialog />
    </div>
  );
}

function Head(): JSX.Element {
  return (
    <>
      <Icon name="layers" />
      <div>
        <p class="node-name">{t("page.planner")}</p>
        <p class="dim">{session.value?.agency.name}</p>
      </div>
      <PagesMenu />
    </>
  );
}

function Side(): JSX.Element {
  const open = sideOpen.value;
  const words = t(open ? "planner.fold" : "planner.unfold");
  return (
    <aside class="side left" data-open={open} aria-label={t("planner.panel")}>
      <div class="side-inner" inert={!open}>
        <header class="node">
          <Head />
        </header>
        <Tabs />
        <Content />
      </div>
      <button
        class="fold"
        title={words}
        aria-label={words}
        aria-expanded={open}
        onClick={() => {
          sideOpen.value = !open;
        }}
      >
        <Icon name={open ? "left" : "right"} />
      </button>
    </aside>
  );
}

function Tabs(): JSX.Element {
  const move = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next =
      PLANNER_TABS[(PLANNER_TABS.indexOf(plannerTab.value) + by + PLANNER_TABS.length) % PLANNER_TABS.length];
    if (by === 0 || next === undefined) return;
    event.preventDefault();
    openPlannerTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={t("planner.tabs")} onKeyDown={move}>
      {PLANNER_TABS.map((name) => (
        <button
          key={name}
          id={`tab-${name}`}
          role="tab"
          aria-selected={name === plannerTab.value}
          aria-controls="tab-content"
          tabIndex={name === plannerTab.value ? 0 : -1}
          onClick={() => openPlannerTab(name)}
        >
          {t(`planner.${name}`)}
        </button>
      ))}
    </div>
  );
}

function Content(): JSX.Element {
  const name = plannerTab.value;
  return (
    <div class="tab-content" id="tab-content" role="tabpanel" aria-labelledby={`tab-${name}`}>
      <Boundary key={name} name={name}>
        {name === "sectors" && <Sectors />}
        {name === "patrols" && <Patrols />}
        {name === "coverage" && <Coverage />}
      </Boundary>
    </div>
  );
}

/** Says since when nothing new came. */
function Stale(): JSX.Element | null {
  const { stale, refused, heardAt } = newsStatus.value;
  if (!stale && refused === null) return null;
  const words =
    refused !== null
      ? t("stale.refused")
      : heardAt === null
        ? t("stale.never")
        : t("planner.stale", { time: clockTime(serverMoment(heardAt), timeZone.value) });
  return (
    <div class="stale" role="alert">
      <Icon name="warn" />
      <p>
        <b>{words}</b>
      </p>
      {refused === null ? (
        <button class="button" onClick={() => news.retryNow()}>
          {t("stale.retry")}
        </button>
      ) : (
        <a class="button" href="/sign-in?next=%2Fplanner">
          {t("stale.sign_in")}
        </a>
      )}
    </div>
  );
}

/** Licences of the data on the map ask for this line. */
function Attribution(): JSX.Element | null {
  const words = [
    ...new Set([...layerInfos.value.values()].flatMap((info) => (info.attribution ?? "").split(/;\s*/))),
  ].filter(Boolean);
  if (words.length === 0) return null;
  const line = words.join(" · ");
  return phone.value ? (
    <details class="attribution">
      <summary>{t("map.data")}</summary>
      <p>{line}</p>
    </details>
  ) : (
    <p class="attribution">{line}</p>
  );
}
