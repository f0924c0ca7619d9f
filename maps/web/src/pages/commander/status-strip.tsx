/** Always answers: is this live, how old is it, which link is down, what time is it. */

import type { JSX } from "preact";
import { palette } from "../../browser/preferences.ts";
import { allow, muted } from "../../live/bell.ts";
import { channels, cutOff, live, liveStatus } from "../../live/signals.ts";
import { now, serverMoment } from "../../session/clock.ts";
import { forgetDrafts } from "../../session/drafts.ts";
import { session, timeZone } from "../../session/session.ts";
import { ageWords, clockTime, zoneOffset } from "../../session/times.ts";
import { PagesMenu } from "../../widgets/frame/pages-menu.tsx";
import { Icon } from "../../widgets/icons.tsx";
import { faultWords } from "../../widgets/load-states.tsx";
import { tip } from "../../widgets/tip.ts";
import { CallError, call } from "../../wire/calls.ts";
import type { ChannelHealth } from "../../wire/channels.ts";
import { nothing } from "../../wire/parser.ts";
import { t } from "../../words/index.ts";
import { MuteItem } from "./alerts/sound-mute.tsx";
import { SuspendedItem } from "./alerts/suspension-notices.tsx";
import { computerName, OWN_CLOCK } from "./desk/clock-doubt.ts";
import { helpOpen, notify, openTab, phone } from "./desk/selection.ts";
import { nextPalette } from "./desk/shortcuts.ts";
import { AddressConflictsItem } from "./radios/address-conflicts.tsx";
import { BROKER_WAY, isWell } from "./radios/channel-list.tsx";

export function StatusStrip(): JSX.Element {
  const nowMs = now.value;
  return (
    <footer class="strip" role="contentinfo" aria-label={t("strip.label")}>
      <Stream />
      <Links />
      <AddressConflictsItem />
      <SuspendedItem />
      <MutedItem />
      <MuteItem />
      {phone.value && <PagesMenu />}
      <span class="strip-space" />
      <span class="clocks num">
        <span>
          {clockTime(nowMs, "UTC")}
          <abbr title={t("strip.utc")}>UTC</abbr>
        </span>
        <span class="local">
          {clockTime(nowMs, timeZone.value)}
          <abbr title={timeZone.value}>{zoneOffset(nowMs, timeZone.value)}</abbr>
        </span>
      </span>
      <button
        class="icon-button"
        title={tip(t("palette.next", { name: t(`palette.${palette.value}`) }), "n")}
        aria-label={t("palette.next", { name: t(`palette.${palette.value}`) })}
        onClick={nextPalette}
      >
        <Icon name="palette" />
      </button>
      {!phone.value && (
        <button
          class="icon-button"
          title={tip(t("help.title"), "?")}
          aria-label={t("help.title")}
          onClick={() => {
            helpOpen.value = true;
          }}
        >
          <Icon name="help" />
        </button>
      )}
      <button
        class="icon-button"
        title={t("strip.sign_out", { name: session.value?.user ?? "" })}
        aria-label={t("strip.sign_out", { name: session.value?.user ?? "" })}
        onClick={() => void signOut()}
      >
        <Icon name="out" />
      </button>
    </footer>
  );
}

function Stream(): JSX.Element {
  const status = liveStatus.value;
  const age = status.heardAt === null ? null : Math.max(0, (now.value - serverMoment(status.heardAt)) / 1000);
  const name =
    status.refused !== null
      ? "refused"
      : status.open && !status.stale
        ? "live"
        : status.heardAt === null && !status.stale
          ? "opening"
          : "stopped";
  return (
    <span class={`stream stream-${name}`} id="stream-state" data-state={name}>
      <span class="stream-dot" aria-hidden="true" />
      <span>{t(`stream.${name}`)}</span>
      {age !== null && <span class="num dim">{ageWords(age)}</span>}
    </span>
  );
}

/** The browser lets the page sound only after a press on it, such as this one. */
function MutedItem(): JSX.Element | null {
  if (!muted.value) return null;
  return (
    <button class="strip-button claim-item" title={t("bell.muted")} aria-label={t("bell.strip")} onClick={allow}>
      <Icon name="mute" />
      <span>{t("bell.strip")}</span>
    </button>
  );
}

function Links(): JSX.Element | null {
  const all = channels.value;
  if (all === null) return null;
  const ill = all.filter((channel) => !isWell(channel));
  const words = ill.some((channel) => channel.name === BROKER_WAY)
    ? t("strip.no_broker")
    : ill.length === 0
      ? t("strip.all_open", { n: all.length })
      : ill.length === 1
        ? oneDownWords(ill[0])
        : t("strip.some_down", { down: ill.length, n: all.length });
  const cut = cutOff.value.filter((unit) => unit.known !== false && (unit.cut_by?.length ?? 0) > 0).length;
  return (
    <button
      class={`strip-button channels-item${ill.length > 0 ? " ill" : ""}`}
      title={tip(t("channels.title"), "c")}
      onClick={() => openTab("channels")}
    >
      <Icon name={ill.length > 0 ? "warn" : "link"} />
      <span>{cut === 0 ? words : t("strip.cut_off", { words, n: cut })}</span>
    </button>
  );
}

function oneDownWords(ill: ChannelHealth | undefined): string {
  if (ill?.name === OWN_CLOCK)
    return t("strip.one_down", { name: t("clock.title", { computer: computerName(ill) }), state: t("clock.bad") });
  return t("strip.one_down", { name: ill?.name ?? "", state: t(`channel.${ill?.state ?? "down"}`) });
}

async function signOut(): Promise<void> {
  try {
    await call("DELETE", "/api/session", nothing);
  } catch (fault) {
    // The session stands: nobody may leave the machine in the belief that it does not.
    if (!(fault instanceof CallError && fault.status === 401))
      return notify(`${t("strip.not_signed_out")} ${faultWords(fault)}`, true);
  }
  forgetDrafts();
  live.stop();
  location.assign("/sign-in");
}
