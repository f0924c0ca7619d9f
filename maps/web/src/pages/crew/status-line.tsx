/** The line on top: is there a link, what waits, what was taken last, how good is the place. */

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { clock, moment } from "../../phone/server-clock.ts";
import { ageWords } from "../../session/times.ts";
import { Icon, type IconName } from "../../widgets/icons.tsx";
import { t, type Words } from "../../words/index.ts";
import { callSign, fault, profile } from "./outbox/crew.ts";
import { counts } from "./outbox/outbox.ts";
import { fix, watching } from "./outbox/position.ts";
import { link, sending } from "./outbox/sender.ts";

/** The browser's own word on whether there is a network at all. */
export const networked = signal(navigator.onLine);
addEventListener("online", () => {
  networked.value = true;
});
addEventListener("offline", () => {
  networked.value = false;
});

interface Told {
  words: Words;
  icon: IconName;
  tone: "well" | "wait" | "bad";
}

function statusNow(): Told {
  if (!networked.value) return { words: "crew.link.offline", icon: "offline", tone: "wait" };
  if (link.value.state === "none") return { words: "crew.link.none", icon: "offline", tone: "wait" };
  if (link.value.state === "shut" || fault.value !== null) return { words: shutWords(), icon: "warn", tone: "bad" };
  if (link.value.state === "other") return { words: "crew.link.trouble", icon: "warn", tone: "bad" };
  if (sending.value) return { words: "crew.link.sending", icon: "open", tone: "well" };
  return { words: link.value.state === "well" ? "crew.link.online" : "crew.link.untried", icon: "link", tone: "well" };
}

function shutWords(): Words {
  if (fault.value === "other_user") return "crew.link.other_user";
  return profile.value?.user == null ? "crew.link.shut" : "fault.signed_out";
}

export function StatusLine(): JSX.Element {
  const { words, icon, tone } = statusNow();
  const { urgent, routine, refused } = counts.value;
  const at = link.value.takenAt;
  return (
    <header class="status" data-tone={tone}>
      <div class="status-top">
        <Icon name={icon} />
        <h1 aria-live="polite">{t(words)}</h1>
        <span class="call-sign">{callSign.value}</span>
      </div>
      <dl class="status-cells num">
        <div data-some={urgent > 0}>
          <dt>{t("crew.wait.urgent")}</dt>
          <dd id="urgent">{urgent}</dd>
        </div>
        <div data-some={routine > 0}>
          <dt>{t("crew.wait.routine")}</dt>
          <dd id="routine">{routine}</dd>
        </div>
        {refused > 0 && (
          <div data-some data-bad>
            <dt>{t("crew.wait.refused")}</dt>
            <dd id="refused">{refused}</dd>
          </div>
        )}
        <div>
          <dt>{t("crew.wait.taken")}</dt>
          <dd>{at === null ? "–" : ageWords((clock.value - moment(at)) / 1000)}</dd>
        </div>
        <div>
          <dt>{t("crew.wait.place")}</dt>
          <dd>{placeWords()}</dd>
        </div>
      </dl>
    </header>
  );
}

function placeWords(): string {
  const here = fix.value;
  if (watching.value === "denied") return t("crew.place.denied");
  if (here === null) return watching.value === "asking" ? t("crew.place.asking") : "–";
  return `±${t("metres", { number: Math.round(here.accuracy_m ?? 0) })} · ${ageWords((clock.value - moment(here.at)) / 1000)}`;
}
