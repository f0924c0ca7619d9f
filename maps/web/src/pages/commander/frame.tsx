/** The frame round the map: two sides that fold on a desktop, a sheet with three stops on a phone. */
import type { ComponentChildren, JSX } from "preact";
import { leftOpen, rightOpen } from "../../browser/preferences.ts";
import { unreadIncidents } from "../../live/incidents.ts";
import { writers } from "../../live/radio-texts.ts";
import { channels, liveStatus, unknownRadios } from "../../live/signals.ts";
import { MapCanvas } from "../../map/map-canvas.tsx";
import { session } from "../../session/session.ts";
import { QuestionDialog } from "../../widgets/dialogs/question-dialog.tsx";
import { Boundary } from "../../widgets/frame/boundary.tsx";
import { PageNotices } from "../../widgets/frame/page-notices.tsx";
import { PagesMenu } from "../../widgets/frame/pages-menu.tsx";
import { Sheet } from "../../widgets/frame/sheet.tsx";
import { Icon, type IconName } from "../../widgets/icons.tsx";
import { tip } from "../../widgets/tip.ts";
import { t, type Words } from "../../words/index.ts";
import { AlertQueue } from "./alerts/alert-queue.tsx";
import { PhotoDialog } from "./alerts/incident-cards.tsx";
import { WaitingCard } from "./alerts/offer-cards.tsx";
import { SuspendedEdge } from "./alerts/suspension-notices.tsx";
import { rightTab, waiting } from "./desk/queue.ts";
import { openTab, phone, sheetStop, type Tab, tab } from "./desk/selection.ts";
import { HelpDialog } from "./help-dialog.tsx";
import { openMap } from "./map/map-sync.ts";
import { ClockBanner } from "./map-cards/clock-banner.tsx";
import {
  Attribution,
  DistressCards,
  FollowChip,
  HoverTip,
  MapFailed,
  MapTools,
  Notice,
  PinChip,
  StaleBanner,
} from "./map-cards/map-frame.tsx";
import { MapLayers } from "./map-cards/map-layers.tsx";
import { MarkCard } from "./map-cards/mark-card.tsx";
import { MeasureCard } from "./map-cards/measure-card.tsx";
import { AssignDialog } from "./radios/assign-dialog.tsx";
import { ChannelList, isWell } from "./radios/channel-list.tsx";
import { UnknownRadios } from "./radios/unknown-radios.tsx";
import { StatusStrip } from "./status-strip.tsx";
import { UnitDetail } from "./units/unit-detail.tsx";
import { UnitList } from "./units/unit-list.tsx";

const TABS: { name: Tab; words: Words; icon: IconName; letter: string }[] = [
  { name: "units", words: "tab.units", icon: "list", letter: "/" },
  { name: "alerts", words: "tab.alerts", icon: "bell", letter: "q" },
  { name: "unit", words: "tab.unit", icon: "unit", letter: "u" },
  { name: "unknown", words: "tab.unknown", icon: "radio", letter: "r" },
  { name: "channels", words: "tab.channels", icon: "link", letter: "c" },
  { name: "map", words: "tab.map", icon: "layers", letter: "m" },
];

export function Frame(): JSX.Element {
  const stale = liveStatus.value.stale || liveStatus.value.refused !== null;
  return (
    <div
      class={phone.value ? "room phone" : "room"}
      data-stale={stale}
      data-left={leftOpen.value}
      data-right={rightOpen.value}
    >
      <main class="bare" aria-label={t("map.title")}>
        <h1 class="hidden">{t("app.title", { node: session.value?.node.name ?? "" })}</h1>
        <div class="map-place">
          <Boundary name="map">
            <MapCanvas open={openMap} />
          </Boundary>
          <Boundary name="HoverTip">
            <HoverTip />
          </Boundary>
          <Boundary name="MapFailed">
            <MapFailed />
          </Boundary>
        </div>
        <div class="over">
          <Boundary name="StaleBanner">
            <StaleBanner />
          </Boundary>
          <Boundary name="ClockBanner">
            <ClockBanner />
          </Boundary>
          <Boundary name="DistressCards">
            <DistressCards />
          </Boundary>
          <PageNotices />
          <Boundary name="WaitingCard">
            <WaitingCard />
          </Boundary>
          <Boundary name="FollowChip">
            <FollowChip />
          </Boundary>
          <Boundary name="PinChip">
            <PinChip />
          </Boundary>
          <Boundary name="MarkCard">
            <MarkCard />
          </Boundary>
          <Boundary name="MeasureCard">
            <MeasureCard />
          </Boundary>
          <Boundary name="Notice">
            <Notice />
          </Boundary>
        </div>
        <Boundary name="SuspendedEdge">
          <SuspendedEdge />
        </Boundary>
        <Boundary name="MapTools">
          <MapTools />
        </Boundary>
        <Boundary name="Attribution">
          <Attribution />
        </Boundary>
      </main>
      {phone.value ? (
        <Sheet label={t("sheet.label")} stop={sheetStop}>
          <Tabs tabs={TABS} active={tab.value} />
          <Content name={tab.value} />
        </Sheet>
      ) : (
        <Sides />
      )}
      <Boundary name="StatusStrip">
        <StatusStrip />
      </Boundary>
      <Boundary name="AssignDialog">
        <AssignDialog />
      </Boundary>
      <Boundary name="AskDialog">
        <QuestionDialog />
      </Boundary>
      <Boundary name="PhotoDialog">
        <PhotoDialog />
      </Boundary>
      <Boundary name="HelpDialog">
        <HelpDialog />
      </Boundary>
    </div>
  );
}

function Sides(): JSX.Element {
  const right = rightTab.value;
  return (
    <>
      <Side
        side="left"
        open={leftOpen.value}
        turn={() => {
          leftOpen.value = !leftOpen.value;
        }}
      >
        <header class="node">
          <Icon name="unit" />
          <div>
            <p class="node-name">{session.value?.node.name}</p>
            <p class="dim">{session.value?.agency.name}</p>
          </div>
          <PagesMenu />
        </header>
        <Boundary name="units">
          <UnitList />
        </Boundary>
      </Side>
      <Side
        side="right"
        open={rightOpen.value}
        turn={() => {
          rightOpen.value = !rightOpen.value;
        }}
      >
        <Tabs tabs={TABS.slice(1)} active={right} />
        <Content name={right} />
      </Side>
    </>
  );
}

function Side({
  side,
  open,
  turn,
  children,
}: {
  side: "left" | "right";
  open: boolean;
  turn: () => void;
  children: ComponentChildren;
}): JSX.Element {
  const words = t(open ? `side.fold_${side}` : `side.open_${side}`);
  return (
    <aside class={`side ${side}`} data-open={open} aria-label={t(`side.${side}`)}>
      <div class="side-inner" inert={!open}>
        {children}
      </div>
      <button
        class="fold"
        title={tip(words, side === "left" ? "[" : "]")}
        aria-label={words}
        aria-expanded={open}
        onClick={turn}
      >
        <Icon name={(side === "left") === open ? "left" : "right"} />
      </button>
    </aside>
  );
}

function Tabs({ tabs, active }: { tabs: typeof TABS; active: Tab }): JSX.Element {
  const move = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const next = tabs[(tabs.findIndex((each) => each.name === active) + by + tabs.length) % tabs.length];
    if (next === undefined) return;
    openTab(next.name);
    document.getElementById(`tab-${next.name}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={t("tabs.label")} onKeyDown={move}>
      {tabs.map(({ name, words, icon, letter }) => (
        <button
          key={name}
          id={`tab-${name}`}
          role="tab"
          aria-selected={name === active}
          aria-controls="tab-content"
          tabIndex={name === active ? 0 : -1}
          title={tip(t(words), letter)}
          onClick={() => openTab(name)}
        >
          <Icon name={icon} />
          <span>{t(words)}</span>
          <Badge name={name} />
        </button>
      ))}
    </div>
  );
}

function Badge({ name }: { name: Tab }): JSX.Element | null {
  if (name === "alerts") {
    const all = waiting.value + writers.value.length + unreadIncidents.value.length;
    return all === 0 ? null : <span class={waiting.value === 0 ? "badge num" : "badge calls num"}>{all}</span>;
  }
  const n =
    name === "unknown"
      ? (unknownRadios.value?.length ?? 0)
      : name === "channels"
        ? (channels.value ?? []).filter((channel) => !isWell(channel)).length
        : 0;
  return n === 0 ? null : <span class="badge num">{n}</span>;
}

function Content({ name }: { name: Tab }): JSX.Element {
  return (
    <div class="tab-content" id="tab-content" role="tabpanel" aria-labelledby={`tab-${name}`}>
      <Boundary key={name} name={name}>
        {name === "units" && <UnitList />}
        {name === "alerts" && <AlertQueue />}
        {name === "unit" && <UnitDetail />}
        {name === "unknown" && <UnknownRadios />}
        {name === "channels" && <ChannelList />}
        {name === "map" && <MapLayers />}
      </Boundary>
    </div>
  );
}
