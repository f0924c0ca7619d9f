/** That the clock of this office or of a gateway cannot be believed: what happened to it, and what that means for the map. */
import type { JSX } from "preact";
import { now } from "../clock.ts";
import { openTab } from "../console.ts";
import type { ChannelHealth } from "../contract.ts";
import { channels } from "../feed.ts";
import { t } from "../i18n/index.ts";
import { timeZone } from "../session.ts";
import { ageWords, momentWords } from "../times.ts";
import { Icon } from "./icons.tsx";

/** Under this name the server tells how its own clock fares. */
export const OWN_CLOCK = "clock";

/** “The clock of this office was set back by 1 h 00 min at 09:30:05.”; null when nothing is known against it. */
export function doubtWords(channel: ChannelHealth): string | null {
  const doubt = channel.clock;
  if (doubt == null) return null;
  const by = ageWords(Math.abs(doubt.by_s));
  const computer = computerName(channel);
  const ahead = doubt.by_s > 0;
  if (doubt.kind === "gateway") return t(ahead ? "clock.gateway_ahead" : "clock.gateway_behind", { computer, by });
  if (doubt.kind === "differs") return t(ahead ? "clock.differs_ahead" : "clock.differs_behind", { computer, by, n: doubt.radios ?? 0 });
  return t(ahead ? "clock.set_ahead" : "clock.set_back", { computer, by, time: momentWords(Date.parse(doubt.at), now.value, timeZone.value) });
}

/** What it means for what is shown. */
export function doubtMeans(channel: ChannelHealth): string {
  if (channel.clock?.kind !== "set") return t("clock.doubtful");
  return t(channel.clock.followed === true ? "clock.followed" : "clock.held");
}

export function computerName(channel: ChannelHealth): string {
  return channel.name === OWN_CLOCK ? t("clock.this_office") : t("channels.gateway", { name: channel.name });
}

/** Over the map, for everybody, until it is right again: one line for each computer. */
export function ClockBanner(): JSX.Element | null {
  const doubted = (channels.value ?? []).filter((channel) => channel.clock != null);
  if (doubted.length === 0) return null;
  return (
    <div class="stale" role="alert" id="clock-doubt">
      <Icon name="warn" />
      <div>{doubted.map((channel) => <p key={channel.name}><b>{doubtWords(channel)}</b> {doubtMeans(channel)}</p>)}</div>
      <button class="button" onClick={() => openTab("channels")}>{t("channels.title")}</button>
    </div>
  );
}
