/** SOS, always at the bottom: held for two seconds it calls for help, with the page locked too. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../i18n/index.ts";
import { Icon } from "../panels/icons.tsx";
import { ageWords } from "../times.ts";
import { opened, profile } from "./crew.ts";
import { callForHelp, callOff, SECONDS_TO_CANCEL, sos } from "./sos.ts";
import { clock, moment } from "./time.ts";

export const HOLD_MS = 2000;

const held = signal(0);
const hint = signal(false);
const asks = signal(false);
const broken = signal("");
let since: number | null = null;
let frame = 0;

function press(): void {
  if (since !== null || sos.peek() !== null) return;
  since = performance.now();
  hint.value = false;
  const grow = (): void => {
    if (since === null) return;
    held.value = Math.min(1, (performance.now() - since) / HOLD_MS);
    if (held.value < 1) frame = requestAnimationFrame(grow);
    else void call();
  };
  grow();
}

function release(): void {
  if (since === null) return;
  cancelAnimationFrame(frame);
  if (held.peek() < 1) hint.value = true;
  since = null;
  held.value = 0;
}

async function call(): Promise<void> {
  since = null;
  held.value = 0;
  navigator.vibrate?.([200, 100, 200]);
  const who = profile.peek();
  if (who === null) return;
  try {
    await callForHelp(who, opened.peek());
    broken.value = "";
  } catch (fault) {
    broken.value = String(fault); // the disk is full or gone: nobody may believe that help comes
  }
}

function off(): void {
  asks.value = false;
  const who = profile.peek();
  if (who !== null) void callOff(who, opened.peek());
}

export function SosBar(): JSX.Element | null {
  if (profile.value === null) return null;
  const now = sos.value;
  if (now !== null) {
    const left = Math.min(SECONDS_TO_CANCEL, Math.ceil((moment(now.sendsAt) - clock.value) / 1000));
    if (now.state === "ready" && left > 0) {
      return (
        <section class="sos-bar on" aria-label={t("crew.sos")}>
          <p role="alert">{t("crew.sos.ready", { n: left })}</p>
          <button class="big wide" onClick={off}>{t("crew.sos.stop")}</button>
        </section>
      );
    }
    return (
      <section class="sos-bar on" aria-label={t("crew.sos")}>
        <p role="alert"><Icon name="sos" /> {t(now.state === "taken" ? "crew.sos.taken" : "crew.sos.waiting", { age: ageWords((Date.now() - now.at) / 1000) })}</p>
        {asks.value
          ? <div class="pair"><button class="big" onClick={off}>{t("crew.sos.yes")}</button><button class="big" onClick={() => { asks.value = false; }}>{t("crew.sos.no")}</button></div>
          : <button class="big wide" onClick={() => { asks.value = true; }}>{t("crew.sos.cancel")}</button>}
      </section>
    );
  }
  const key = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!event.repeat) press();
  };
  return (
    <section class="sos-bar" aria-label={t("crew.sos")}>
      {hint.value && <p role="status">{t("crew.sos.hold")}</p>}
      {broken.value !== "" && <p role="alert">{t("crew.sos.broken")}</p>}
      <button
        class="sos" aria-describedby="sos-how" style={{ "--held": held.value }}
        onPointerDown={press} onPointerUp={release} onPointerLeave={release} onPointerCancel={release}
        onKeyDown={key} onKeyUp={release} onBlur={release} onContextMenu={(event) => event.preventDefault()}
      >
        <Icon name="sos" /><b>{t("crew.sos")}</b><span id="sos-how">{t("crew.sos.how")}</span>
      </button>
    </section>
  );
}
