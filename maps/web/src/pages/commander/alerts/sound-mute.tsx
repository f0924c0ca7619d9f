/**
 * Quiet for some minutes: the choice in the queue, and what is left of it in the strip. Calls for help sound all the
 * same.
 */
import type { JSX } from "preact";
import { keepQuiet, QUIET_MIN, quietLeft, quietUntil } from "../../../live/bell.ts";
import { now } from "../../../session/clock.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { useMenu } from "../../../widgets/menu.ts";
import { t } from "../../../words/index.ts";
import { countdownWords } from "../desk/queue-words.ts";
import { notify } from "../desk/selection.ts";

/** Minutes that are left, as a figure that ticks; null while it is not quiet. */
function left(): string | null {
  now.value; // counts along
  const ms = quietUntil.value === 0 ? 0 : quietLeft();
  return ms > 0 ? countdownWords(ms) : null;
}

export function proposeMute(minutes: number): void {
  keepQuiet(minutes);
  notify(minutes === 0 ? t("quiet.ended") : t("quiet.begun", { n: minutes }));
}

/** What the key does: quiet for a while, or the end of it. */
export function muteSounds(): void {
  proposeMute(quietLeft() > 0 ? 0 : QUIET_MIN[0]);
}

export function MuteChoice(): JSX.Element {
  const menu = useMenu();
  const choose = (minutes: number): void => {
    proposeMute(minutes);
    if (menu.current) menu.current.open = false;
  };
  const words = t("key.tip", { words: t("quiet.choose"), key: "z" });
  const quiet = left() !== null;
  return (
    <details class="quiet" ref={menu}>
      <summary class="icon-button" title={words} aria-label={t("quiet.choose")}>
        <Icon name={quiet ? "mute" : "bell"} />
      </summary>
      <div class="quiet-menu">
        <p class="hint">{t("quiet.what")}</p>
        {quiet && (
          <button class="button wide" onClick={() => choose(0)}>
            {t("quiet.end")}
          </button>
        )}
        {[...QUIET_MIN]
          .sort((a, b) => a - b)
          .map((minutes) => (
            <button key={minutes} class="button wide" onClick={() => choose(minutes)}>
              {t("message.minutes", { n: minutes })}
            </button>
          ))}
      </div>
    </details>
  );
}

export function MuteItem(): JSX.Element | null {
  const time = left();
  if (time === null) return null;
  const words = t("quiet.strip", { time });
  return (
    <button
      class="strip-button claim-item"
      id="quiet-left"
      title={t("key.tip", { words: t("quiet.end"), key: "z" })}
      aria-label={`${words} ${t("quiet.end")}`}
      onClick={() => proposeMute(0)}
    >
      <Icon name="mute" />
      <span class="num">{words}</span>
    </button>
  );
}
