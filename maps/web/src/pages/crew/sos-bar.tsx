/** SOS, always at the bottom: held for two seconds it calls for help, with the page locked too. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { clock, moment } from "../../phone/server-clock.ts";
import { ageWords } from "../../session/times.ts";
import { Icon } from "../../widgets/icons.tsx";
import { ageMark, LiveAge } from "../../widgets/live-age.tsx";
import { t, type Words } from "../../words/index.ts";
import { profile } from "./outbox/crew.ts";
import { callForHelp, callOff, ended, SECONDS_TO_CANCEL, type Sos, sos } from "./outbox/sos.ts";

export const HOLD_MS = 2000;
const UNHURRIED_MS = 1000;

const held = signal(0);
const hint = signal(false);
const asks = signal(false);
/** The call is on no disk: nobody may believe that it survives the page. */
const broken = signal(false);
/** When the button was pressed, ms of the page; null while it is not. */
const since = signal<number | null>(null);
const frame = signal(0);

function press({ timeStamp }: Event): void {
  if (since.peek() !== null || sos.peek() !== null) return;
  since.value = timeStamp;
  hint.value = false;
  ended.value = null;
  const grow = (): void => {
    const began = since.peek();
    if (began === null) return;
    held.value = Math.min(1, (performance.now() - began) / HOLD_MS);
    if (held.value < 1) frame.value = requestAnimationFrame(grow);
    else void call();
  };
  // A release that waits behind a press that was told late is heard first.
  frame.value = requestAnimationFrame(grow);
}

/** A phone that is busy draws no frame and hears late of both ends: what counts is how long it was pressed. */
function release({ timeStamp }: Event): void {
  const began = since.peek();
  if (began === null) return;
  cancelAnimationFrame(frame.peek());
  if (timeStamp - began >= HOLD_MS) {
    void call();
    return;
  }
  hint.value = true;
  since.value = null;
  held.value = 0;
}

async function call(): Promise<void> {
  since.value = null;
  held.value = 0;
  asks.value = false;
  navigator.vibrate?.([200, 100, 200]);
  const who = profile.peek();
  if (who === null || sos.peek() !== null) return; // it came while the button was held again
  broken.value = !(await callForHelp(who));
}

function off(): void {
  asks.value = false;
  const who = profile.peek();
  if (who !== null) void callOff(who);
}

export function SosBar(): JSX.Element | null {
  if (profile.value === null) return null;
  const now = sos.value;
  return (
    <section class={now === null ? "sos-bar" : "sos-bar on"} aria-label={t("crew.sos")}>
      <p role="status">{ended.value === null ? "" : t(`crew.sos.${ended.value.state}`)}</p>
      {now === null ? <Call /> : <Called now={now} />}
    </section>
  );
}

function Call(): JSX.Element {
  const key = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!event.repeat) press(event);
  };
  return (
    <>
      {hint.value && <p role="status">{t("crew.sos.hold")}</p>}
      <button
        class="sos"
        aria-describedby="sos-how"
        style={{ "--held": held.value }}
        onPointerDown={press}
        onPointerUp={release}
        onPointerLeave={release}
        onPointerCancel={release}
        onKeyDown={key}
        onKeyUp={release}
        onBlur={release}
        onContextMenu={(event) => event.preventDefault()}
      >
        <Icon name="sos" />
        <b>{t("crew.sos")}</b>
        <span id="sos-how">{t("crew.sos.how")}</span>
      </button>
    </>
  );
}

/** Where the button was stands how the call is, and nothing to press: who is afraid presses there again. */
function Called({ now }: { now: Sos }): JSX.Element {
  const left = Math.min(SECONDS_TO_CANCEL, Math.ceil((moment(now.sendsAt) - clock.value) / 1000));
  const counting = now.state === "ready" && left > 0;
  return (
    <>
      {broken.value && now.state !== "taken" && <p role="alert">{t("crew.sos.broken")}</p>}
      {counting ? (
        <Unhurried key="stop" words="crew.sos.stop" act={off} />
      ) : asks.value ? (
        <div class="pair">
          <Unhurried key="yes" words="crew.sos.yes" act={off} />
          <button
            class="big"
            onClick={() => {
              asks.value = false;
            }}
          >
            {t("crew.sos.no")}
          </button>
        </div>
      ) : (
        <button
          class="big wide"
          onClick={() => {
            asks.value = true;
          }}
        >
          {t("crew.sos.cancel")}
        </button>
      )}
      <p class="sos" role="alert" onContextMenu={(event) => event.preventDefault()}>
        <Icon name="sos" />
        <span>
          <LiveAge words={counting ? t("crew.sos.ready", { number: ageMark(String(left)) }) : stateWords(now)} />
        </span>
      </p>
    </>
  );
}

/** How old the call is while it waits; after that, since when the office has it. */
function stateWords(now: Sos): string {
  if (now.state !== "taken") return t("crew.sos.waiting", { age: ageMark(ageWords((Date.now() - now.at) / 1000)) });
  return now.takenAt === null
    ? t("crew.sos.there")
    : t("crew.sos.taken", { age: ageMark(ageWords((Date.now() - now.takenAt) / 1000)) });
}

/** A button that takes no press in its first second: a hand that was pressing there already did not mean it. */
function Unhurried({ words, act }: { words: Words; act: () => void }): JSX.Element {
  const since = useRef(performance.now());
  return (
    <button
      class="big wide"
      onClick={() => {
        if (performance.now() - since.current >= UNHURRIED_MS) act();
      }}
    >
      {t(words)}
    </button>
  );
}
