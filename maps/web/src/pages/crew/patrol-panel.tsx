/** The patrol tab: start and end, check-ins, and positions. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { clock, moment } from "../../phone/server-clock.ts";
import { ageWords, minuteWords } from "../../session/times.ts";
import { Icon } from "../../widgets/icons.tsx";
import { ageMark, LiveAge } from "../../widgets/live-age.tsx";
import type { CrewPatrol } from "../../wire/crew.ts";
import { t, wordsIfAny } from "../../words/index.ts";
import { crew, done, nextCheckIn, stateNow, step, timeZone, unsent } from "./outbox/crew.ts";
import {
  awake,
  fix,
  going,
  inDistress,
  pingedAt,
  pinging,
  pingNow,
  placeNow,
  watching,
  watchPlace,
} from "./outbox/position.ts";

const LATE_MS = 0;
const SOON_MS = 5 * 60_000;

export function PatrolPanel(): JSX.Element {
  const patrols = crew.value?.patrols ?? [];
  return (
    <section class="panel" aria-label={t("crew.tab.patrol")}>
      {crew.value?.unit === null && (
        <p class="card" role="note">
          {crew.value.user === null ? t("crew.why.no_unit") : t("crew.patrol.on_foot", { name: crew.value.user })}
        </p>
      )}
      {patrols.map((each) => (
        <PatrolCard key={each.id} patrol={each} />
      ))}
      {patrols.length === 0 && (
        <p class="card">{crew.value === null ? t("crew.patrol.unknown") : t("crew.patrol.none")}</p>
      )}
      <Positions />
    </section>
  );
}

function PatrolCard({ patrol }: { patrol: CrewPatrol }): JSX.Element {
  const asks = useSignal(false);
  // The office refuses every step of who speaks for no unit.
  const able = crew.value?.unit != null;
  const here = done.value[patrol.id];
  const state = stateNow(patrol);
  const waits = (here?.ids ?? []).some((id) => unsent.value.has(id));
  const times = {
    from: minuteWords(Date.parse(patrol.starts_at), clock.value, timeZone.value),
    to: minuteWords(Date.parse(patrol.ends_at), clock.value, timeZone.value),
  };
  const names = patrol.sectors.flatMap((id) => crew.value?.sectors.find((each) => each.id === id)?.name ?? []);
  return (
    <article class="card">
      <h2>{patrol.name}</h2>
      <p class="num">{t("crew.patrol.times", times)}</p>
      {names.length > 0 && <p class="dim">{names.join(" · ")}</p>}
      {patrol.units.length > 1 && <p class="dim">{patrol.units.map((each) => each.call_sign).join(" · ")}</p>}
      <p>
        <b>{wordsIfAny(`crew.state.${state.replace(" ", "_")}`) ?? state}</b>
        {waits && ` · ${t("crew.waits")}`}
      </p>
      {able && state === "ready" && (
        <button
          class="big wide primary"
          onClick={() => {
            pinging.value = true;
            void step(patrol, "patrol_start");
          }}
        >
          {t("crew.patrol.start")}
        </button>
      )}
      {able && state === "under way" && (
        <>
          <CheckIn patrol={patrol} />
          {asks.value ? (
            <div class="pair">
              <button
                class="big"
                onClick={() => {
                  asks.value = false;
                  void step(patrol, "patrol_end");
                }}
              >
                {t("crew.patrol.end_yes")}
              </button>
              <button
                class="big"
                onClick={() => {
                  asks.value = false;
                }}
              >
                {t("crew.patrol.end_no")}
              </button>
            </div>
          ) : (
            <button
              class="big wide"
              onClick={() => {
                asks.value = true;
              }}
            >
              {t("crew.patrol.end")}
            </button>
          )}
        </>
      )}
    </article>
  );
}

function CheckIn({ patrol }: { patrol: CrewPatrol }): JSX.Element {
  const next = nextCheckIn(patrol, done.value[patrol.id]);
  const left = next === null ? null : next - clock.value;
  const tone = left === null || left > SOON_MS ? "well" : left > LATE_MS ? "soon" : "late";
  return (
    <div class="check-in" data-tone={tone}>
      {left !== null && (
        <p class="countdown num" role="timer">
          {left >= 0
            ? t("crew.check.next", {
                left: t("countdown.minutes", {
                  m: Math.floor(left / 60_000),
                  s: String(Math.floor(left / 1000) % 60).padStart(2, "0"),
                }),
              })
            : t("crew.check.late", { age: ageWords(-left / 1000) })}
        </p>
      )}
      {left !== null && patrol.check_in_by_message && <p class="dim">{t("crew.check.any")}</p>}
      <button class="big wide primary" onClick={() => void step(patrol, "check_in")}>
        {t("crew.check.in")}
      </button>
    </div>
  );
}

function Positions(): JSX.Element {
  const busy = useSignal(false);
  const isMissed = useSignal(false);
  const ping = async (): Promise<void> => {
    busy.value = true;
    watchPlace();
    try {
      if (fix.peek() === null || Date.now() - (fix.peek()?.at ?? 0) > 10_000) await placeNow(10_000);
      isMissed.value = !(await pingNow());
    } catch {
      isMissed.value = false; // there is a place, and nothing can be kept: the page says so
    } finally {
      busy.value = false;
    }
  };
  return (
    <article class="card">
      <h2>{t("crew.ping.title")}</h2>
      <button
        class="big wide toggle"
        role="switch"
        aria-checked={going.value}
        disabled={inDistress.value}
        aria-describedby="pings"
        onClick={() => {
          pinging.value = !pinging.value;
        }}
      >
        <span>{t("crew.ping.auto")}</span>
        <i aria-hidden="true" />
        <b>{t(going.value ? "crew.on" : "crew.off")}</b>
      </button>
      <p class="dim" id="pings" role="status">
        {inDistress.value ? t("crew.ping.sos") : ""}
      </p>
      <button class="big wide" disabled={busy.value} onClick={() => void ping()}>
        <Icon name="target" /> {t(busy.value ? "crew.ping.busy" : "crew.ping.now")}
      </button>
      <p class="dim" role="status">
        <LiveAge
          words={
            isMissed.value
              ? t("crew.ping.missed")
              : pingedAt.value !== null
                ? t("crew.ping.last", { age: ageMark(ageWords((clock.value - moment(pingedAt.value)) / 1000)) })
                : ""
          }
        />
      </p>
      {watching.value === "denied" && <p class="field-fault">{t("crew.ping.denied")}</p>}
      {watching.value === "none" && <p class="field-fault">{t("crew.ping.unable")}</p>}
      {going.value && <p class="dim">{t(awake.value ? "crew.ping.awake" : "crew.ping.background")}</p>}
    </article>
  );
}
