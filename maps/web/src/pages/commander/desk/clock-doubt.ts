/** That the clock of this office or of a gateway cannot be believed, in words. */

import { ageWords, momentWords } from "../../../session/times.ts";
import type { ChannelHealth } from "../../../wire/channels.ts";
import { t } from "../../../words/index.ts";

/** Under this name the server tells how its own clock fares. */
export const OWN_CLOCK = "clock";

/** “The clock of this office was set back by 1 h 00 min at 09:30:05.”; null when nothing is known against it. */
export function doubtWords(channel: ChannelHealth, nowMs: number, zone: string): string | null {
  const doubt = channel.clock;
  if (doubt == null) return null;
  const by = ageWords(Math.abs(doubt.by_s));
  const computer = computerName(channel);
  const ahead = doubt.by_s > 0;
  if (doubt.kind === "gateway") return t(ahead ? "clock.gateway_ahead" : "clock.gateway_behind", { computer, by });
  if (doubt.kind === "differs")
    return t(ahead ? "clock.differs_ahead" : "clock.differs_behind", { computer, by, n: doubt.radios ?? 0 });
  return t(ahead ? "clock.set_ahead" : "clock.set_back", {
    computer,
    by,
    time: momentWords(Date.parse(doubt.at), nowMs, zone),
  });
}

/** What it means for what is shown. */
export function doubtMeans(channel: ChannelHealth): string {
  if (channel.clock?.kind !== "set") return t("clock.doubtful");
  return t(channel.clock.followed === true ? "clock.followed" : "clock.held");
}

export function computerName(channel: ChannelHealth): string {
  return channel.name === OWN_CLOCK ? t("clock.this_office") : t("channels.gateway", { name: channel.name });
}
