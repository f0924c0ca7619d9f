/** One alert: what, who, where, how long ago, and what can be done about it. */
import type { JSX } from "preact";
import { type AlertAct, isKnownState, rings, standing, stateOf } from "../../../live/alerts.ts";
import { everyone } from "../../../live/signals.ts";
import { agencyName } from "../../../session/agencies.ts";
import { now } from "../../../session/clock.ts";
import { SEE_TRACKS } from "../../../session/permissions.ts";
import { may, timeZone } from "../../../session/session.ts";
import { ageSeconds, ageWords, minuteWords } from "../../../session/times.ts";
import { Icon, type IconName } from "../../../widgets/icons.tsx";
import { replayAround } from "../../../widgets/replay-link.ts";
import { tip } from "../../../widgets/tip.ts";
import type { Alert, AlertState, Severity } from "../../../wire/documents.ts";
import { t, type Words, wordsIfAny } from "../../../words/index.ts";
import { choosing, chosenId, current, doable } from "../desk/queue.ts";
import { doAbout } from "../desk/queue-acts.ts";
import { alertPlace, alertTitle, alertWho, isUnread, offerOf } from "../desk/queue-words.ts";
import { selectedId } from "../desk/selection.ts";
import { flyToPlace, flyToSelected } from "../map/map-sync.ts";

const ICONS: Record<Severity, IconName> = { sos: "sos", high: "warn", medium: "bell", low: "bell" };
export const LETTERS: Record<AlertAct, string> = {
  acknowledge: "a",
  escalate: "o",
  resolve: "v",
  shelve: "s",
  unshelve: "s",
};
/** Buttons of a card that is not chosen; other acts have a key, and a chosen card has them all. */
const FIRST: readonly AlertAct[] = ["acknowledge", "shelve", "unshelve", "resolve"];
const SHOWN = 2;

export function AlertCard({ alert, own }: { alert: Alert; own: boolean }): JSX.Element {
  const chosen = chosenId.value === alert.id;
  const acts = chosen
    ? doable(alert)
    : doable(alert)
        .filter((act) => FIRST.includes(act))
        .slice(0, SHOWN);
  const age = ageSeconds(alert.raised_at, now.value) ?? 0;
  const place = alertPlace(alert);
  const who = alertWho(alert);
  const safe = alert.rule === "sos" && everyone.value?.find((each) => each.id === alert.unit)?.status === "sos_cancel";
  return (
    <li
      id={`card-${alert.id}`}
      data-sos={alert.severity === "sos" ? alert.id : undefined}
      tabIndex={-1}
      class={`alert alert-${alert.severity} alert-${standing(alert)}${rings(alert) ? " rings" : ""}`}
      aria-current={current.value?.id === alert.id}
      {...choosing(alert.id)}
    >
      <button class="alert-what" title={t("alert.show")} onClick={() => show(alert)}>
        <Icon name={ICONS[alert.severity]} />
        <span class="alert-title">{alertTitle(alert)}</span>
        <span class="alert-age num">{ageWords(age)}</span>
        {who !== "" && (
          <span class="alert-who">
            {who}
            {!own && ` · ${agencyName(alert.agency)}`}
          </span>
        )}
        {place !== "" && <span class="alert-place num">{place}</span>}
        <span class="alert-state num">{stateWords(alert)}</span>
      </button>
      {safe && <p class="alert-more alert-safe">{t("status.sos_cancel")}</p>}
      {!own && standing(alert) === "waiting" && (
        <p class="alert-more">{t("alert.answers", { agency: agencyName(alert.agency) })}</p>
      )}
      {acts.length > 0 && (
        <div class="alert-acts">
          {acts.map((act, i) => (
            <button
              key={act}
              class={`button${i === 0 && standing(alert) === "waiting" ? " primary" : ""}`}
              title={tip(t(`alert.${act}`), LETTERS[act])}
              onClick={() => doAbout(alert, act)}
            >
              {t(`alert.${act}`)}
            </button>
          ))}
        </div>
      )}
      {chosen && own && rings(alert) && (alert.told ?? []).length > 0 && (
        <p class="alert-more num">{toldWords(alert)}</p>
      )}
      {chosen && may(SEE_TRACKS) && (
        <p class="alert-more">
          <a class="button" href={replayAround(Date.parse(alert.raised_at), now.value, alert.unit)}>
            {t("page.replay")}
          </a>
        </p>
      )}
    </li>
  );
}

/** Flies there, and leaves the queue where it is; of an offer without an answer it goes to the offer. */
function show(alert: Alert): void {
  chosenId.value = alert.id;
  const offer = offerOf(alert);
  if (offer !== null) {
    document.getElementById(`card-${offer.id}`)?.focus();
    const lastFix = offer.fixes?.at(-1);
    if (lastFix) flyToPlace(lastFix.lon, lastFix.lat);
    return;
  }
  const unit = everyone.peek()?.find((each) => each.id === alert.unit);
  if (unit !== undefined) selectedId.value = unit.id;
  if (unit?.last) flyToSelected();
  else if (alert.lon != null && alert.lat != null) flyToPlace(alert.lon, alert.lat);
}

/** `Since 02:31 · nobody has acknowledged it yet`; what happened unseen has its time in the title. */
function stateWords(alert: Alert): string {
  const moment = (time: string | null | undefined): string =>
    time ? minuteWords(Date.parse(time), now.value, timeZone.value) : "";
  const state = stateOf(alert);
  const key: Words =
    alert.historical === true
      ? "alert.state.historical"
      : !isKnownState(alert)
        ? "state.unknown"
        : (unnamed(alert, state) ?? `alert.state.${state}`);
  const words = t(key, {
    name: alert.acknowledged_by ?? "",
    time: moment(alert.acknowledged_at),
    until: moment(alert.shelved_until),
    gone: moment(alert.returned_at),
  });
  return [
    isUnread(alert) ? "" : t("alert.since", { time: moment(alert.raised_at) }),
    words,
    (alert.count ?? 1) > 1 ? t("alert.times", { n: alert.count ?? 1 }) : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

/** `Told: commander. More at 02:36.` */
function toldWords(alert: Alert): string {
  const roles = (alert.told ?? []).map((role) => wordsIfAny(`role.${role}`) ?? role).join(", ");
  if (!alert.escalates_at) return t("alert.told", { roles });
  return t("alert.told_next", { roles, time: minuteWords(Date.parse(alert.escalates_at), now.value, timeZone.value) });
}

/** Of another agency's alert nobody is named, and not until when it is shelved: words without. */
function unnamed(alert: Alert, state: AlertState): Words | null {
  if (state === "acknowledged" && !alert.acknowledged_by) return "alert.state.acknowledged_there";
  if ((state === "shelved" || state === "shelved_returned") && !alert.shelved_until)
    return `alert.state.${state}_there`;
  return null;
}
