/**
 * Over the map: that the clock of this office or of a gateway cannot be believed, and what that means for what is
 * shown.
 */
import type { JSX } from "preact";
import { channels } from "../../../live/signals.ts";
import { now } from "../../../session/clock.ts";
import { timeZone } from "../../../session/session.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { t } from "../../../words/index.ts";
import { doubtMeans, doubtWords } from "../desk/clock-doubt.ts";
import { openTab } from "../desk/selection.ts";

/** For everybody, until it is right again: one line for each computer. */
export function ClockBanner(): JSX.Element | null {
  const doubted = (channels.value ?? []).filter((channel) => channel.clock != null);
  if (doubted.length === 0) return null;
  return (
    <div class="stale" role="alert" id="clock-doubt">
      <Icon name="warn" />
      <div>
        {doubted.map((channel) => (
          <p key={channel.name}>
            <b>{doubtWords(channel, now.value, timeZone.value)}</b> {doubtMeans(channel)}
          </p>
        ))}
      </div>
      <button class="button" onClick={() => openTab("channels")}>
        {t("channels.title")}
      </button>
    </div>
  );
}
