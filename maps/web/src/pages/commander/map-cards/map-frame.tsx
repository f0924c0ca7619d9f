/** What lies on the map itself: tools, the word that it is stale, calls for help, tips, attribution. */
import type { JSX } from "preact";
import { coordinateFormat } from "../../../browser/preferences.ts";
import { coordinateWords } from "../../../geo/coordinates.ts";
import { placeWords } from "../../../geo/place-words.ts";
import { distressed, live, liveStatus } from "../../../live/signals.ts";
import { mapFailed, zoomBy } from "../../../map/page-map.ts";
import { now, serverMoment } from "../../../session/clock.ts";
import { timeZone } from "../../../session/session.ts";
import { ageSeconds, ageWords, clockTime } from "../../../session/times.ts";
import { Boundary } from "../../../widgets/frame/boundary.tsx";
import { Icon, type IconName } from "../../../widgets/icons.tsx";
import { ageMark, LiveAge } from "../../../widgets/live-age.tsx";
import { tip } from "../../../widgets/tip.ts";
import type { UnitState } from "../../../wire/units.ts";
import { t } from "../../../words/index.ts";
import { followed, stopFollowing } from "../desk/followed-unit.ts";
import { measuring, turnMeasuring } from "../desk/measure.ts";
import { calls } from "../desk/queue.ts";
import { pin } from "../desk/search-pin.ts";
import { awaitingPlace, basemapInfo, helpOpen, layerInfos, notice, phone, select } from "../desk/selection.ts";
import { fitAll, flyToSelected, hovered } from "../map/map-sync.ts";

export function MapTools(): JSX.Element {
  return (
    <div class="map-tools" role="toolbar" aria-label={t("tools.label")}>
      <Tool icon="plus" words={t("key.zoom_in")} letter="+" act={() => zoomBy(1)} />
      <Tool icon="minus" words={t("key.zoom_out")} letter="-" act={() => zoomBy(-1)} />
      <Tool icon="fit" words={t("key.fit")} letter="f" act={fitAll} />
      <Tool icon="ruler" words={t("key.measure")} letter="l" act={turnMeasuring} pressed={measuring.value !== null} />
      {phone.value && (
        <Tool
          icon="help"
          words={t("help.title")}
          letter="?"
          act={() => {
            helpOpen.value = true;
          }}
        />
      )}
    </div>
  );
}

function Tool({
  icon,
  words,
  letter,
  act,
  pressed,
}: {
  icon: IconName;
  words: string;
  letter: string;
  act: () => void;
  pressed?: boolean;
}): JSX.Element {
  return (
    <button class="icon-button" title={tip(words, letter)} aria-label={words} aria-pressed={pressed} onClick={act}>
      <Icon name={icon} />
    </button>
  );
}

/** Says whom the map stays on, and the way out. */
export function FollowChip(): JSX.Element | null {
  const unit = followed.value;
  if (unit === null) return null;
  return (
    <div class="chip-over" id="following">
      <Icon name="follow" />
      <p>{t("follow.on", { name: unit.call_sign })}</p>
      <button class="button" title={tip(t("follow.stop"), "w")} onClick={stopFollowing}>
        {t("follow.stop")}
      </button>
    </div>
  );
}

/** Where the pin of a search stands, and the way to take it off. */
export function PinChip(): JSX.Element | null {
  const found = pin.value;
  if (found === null) return null;
  return (
    <div class="chip-over" id="found">
      <Icon name="search" />
      <p>
        {found.label}
        <span class="num dim">{coordinateWords(found.lon, found.lat, coordinateFormat.value)}</span>
      </p>
      <button
        class="icon-button"
        title={tip(t("search.take_pin"), "Esc")}
        aria-label={t("search.take_pin")}
        onClick={() => {
          pin.value = null;
        }}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

/** Says since when nothing came. The map under it is greyed by the frame's `data-stale`. */
export function StaleBanner(): JSX.Element | null {
  const status = liveStatus.value;
  if (!status.stale && status.refused === null) return null;
  const since = status.heardAt === null ? null : serverMoment(status.heardAt);
  const words =
    status.refused !== null
      ? t("stale.refused")
      : since === null
        ? t("stale.never")
        : t("stale.since", {
            local: clockTime(since, timeZone.value),
            utc: clockTime(since, "UTC"),
            age: ageMark(ageWords((now.value - since) / 1000)),
          });
  return (
    <div class="stale" role="alert" id="stale">
      <Icon name="warn" />
      <p>
        <b>
          <LiveAge words={words} />
        </b>{" "}
        {status.refused === null && t("stale.what")}
      </p>
      {status.refused === null ? (
        <button class="button" onClick={() => live.retryNow()}>
          {t("stale.retry")}
        </button>
      ) : (
        <a class="button" href="/sign-in">
          {t("stale.sign_in")}
        </a>
      )}
    </div>
  );
}

/**
 * The loudest thing on the screen: who called for help, where, how long ago; who and whether it is over is read aloud.
 */
export function DistressCards(): JSX.Element | null {
  if (distressed.value.length === 0) return null;
  // As in the queue: of many, those that nobody has answered, the newest first, stand where they are seen.
  const place = new Map(calls.value.map((each, n) => [each.unit, n]));
  const placeOf = (id: string): number => place.get(id) ?? calls.value.length;
  const shown = [...distressed.value].sort((a, b) => placeOf(a.id) - placeOf(b.id));
  return (
    <div class="distress-cards" role="group" aria-label={t("distress.title")}>
      {shown.map((unit) => (
        <Boundary key={unit.id} name={`distress ${unit.id}`}>
          <DistressCard unit={unit} />
        </Boundary>
      ))}
    </div>
  );
}

function DistressCard({ unit }: { unit: UnitState }): JSX.Element {
  const age = ageSeconds(unit.last?.time, now.value);
  const since = ageSeconds(calls.value.find((each) => each.unit === unit.id)?.raised_at, now.value);
  const ages = [
    since === null ? "" : t("distress.for", { time: ageWords(since) }),
    age === null ? "" : t("distress.position", { ago: t("age.ago", { age: ageWords(age) }) }),
  ]
    .filter(Boolean)
    .join(" · ");
  return (
    <article class="distress-card" data-sos-unit={unit.id}>
      <Icon name="sos" />
      <div>
        <div role="alert">
          <h2>{t("distress.who", { name: unit.call_sign })}</h2>
          {unit.status === "sos_cancel" && (
            <p>
              <b>{t("distress.over")}</b>
            </p>
          )}
        </div>
        <p class="num">{unit.last ? placeWords(unit.last) : t("unit.no_place")}</p>
        {ages !== "" && <p class="num">{ages}</p>}
      </div>
      <button
        class="button"
        onClick={() => {
          select(unit.id);
          flyToSelected();
        }}
      >
        {t("distress.show")}
      </button>
    </article>
  );
}

export function HoverTip(): JSX.Element | null {
  const tooltip = hovered.value;
  if (tooltip === null) return null;
  // On the side of the place where there is more room: a phone has little.
  const side = tooltip.x > innerWidth / 2 ? { right: `calc(100% - ${tooltip.x}px)` } : { left: `${tooltip.x}px` };
  return (
    <div class="hover-tip" style={{ ...side, top: `${tooltip.y}px` }}>
      <b>{tooltip.title}</b>
      {tooltip.lines.map((line) => (
        <span key={line}>{line}</span>
      ))}
    </div>
  );
}

export function Notice(): JSX.Element {
  const waiting = awaitingPlace.value !== null;
  return (
    <div class="notice-place" aria-live="polite">
      {notice.value && <p class={notice.value.bad ? "notice bad" : "notice"}>{notice.value.text}</p>}
      {waiting && phone.value && (
        <p class="notice">
          {t("plot.press_here")}{" "}
          <button
            class="button"
            onClick={() => {
              awaitingPlace.value = null;
            }}
          >
            {t("dialog.cancel")}
          </button>
        </p>
      )}
    </div>
  );
}

export function MapFailed(): JSX.Element | null {
  return mapFailed.value === null ? null : (
    <div class="map-failed" role="alert">
      <Icon name="warn" />
      <p>
        <b>{t("map.failed")}</b> {t("map.failed_how")}
      </p>
    </div>
  );
}

/** Licences of the data on the map ask for this line. */
export function Attribution(): JSX.Element | null {
  const credits = [...layerInfos.value.values()].flatMap((info) => (info.attribution ?? "").split(/;\s*/));
  const words = [...new Set([...credits, plainText(basemapInfo.value?.attribution ?? "")])].filter(Boolean);
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

/** A tile archive tells its attribution as HTML, of which only the words are shown. */
function plainText(html: string): string {
  return new DOMParser().parseFromString(html, "text/html").body.textContent ?? "";
}
