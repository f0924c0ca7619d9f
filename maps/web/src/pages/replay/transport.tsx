/** The controls: play, speed, the time line with what happened, how the past is looked at. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { palette } from "../../browser/preferences.ts";
import { readTokens } from "../../symbols/tokens.ts";
import { Icon } from "../../widgets/icons.tsx";
import { t } from "../../words/index.ts";
import { PlayerIcon } from "./icons.tsx";
import { tip } from "./keys.tsx";
import {
  atMs,
  events,
  faster,
  gaps,
  loaded,
  look,
  loop,
  playing,
  playMs,
  SPEEDS,
  seek,
  speed,
  step,
  turn,
} from "./player.ts";
import { densityOf } from "./reel/unit-track.ts";
import { happeningWords, momentWords, shortMoment } from "./words.ts";

const BINS = 240;
const HEIGHT = 46;

export function Transport(): JSX.Element {
  const ready = loaded.value !== null;
  return (
    <section class="transport" aria-label={t("replay.controls")}>
      <Scrubber />
      <div class="buttons">
        <button
          class="icon-button"
          disabled={!ready}
          title={tip(t("replay.step_back"), "←")}
          aria-label={t("replay.step_back")}
          onClick={() => step(-1)}
        >
          <PlayerIcon name="back" />
        </button>
        <button
          class="button primary play"
          id="play"
          disabled={!ready}
          title={tip(t(playing.value ? "replay.pause" : "replay.play"), t("replay.space"))}
          onClick={() => turn()}
        >
          {playing.value ? <Icon name="pause" /> : <PlayerIcon name="play" />}
          <span>{t(playing.value ? "replay.pause" : "replay.play")}</span>
        </button>
        <button
          class="icon-button"
          disabled={!ready}
          title={tip(t("replay.step_on"), "→")}
          aria-label={t("replay.step_on")}
          onClick={() => step(1)}
        >
          <PlayerIcon name="on" />
        </button>
        <span class="speed">
          <button
            class="icon-button"
            title={tip(t("replay.slower"), "-")}
            aria-label={t("replay.slower")}
            onClick={() => faster(-1)}
          >
            <PlayerIcon name="slower" />
          </button>
          <select
            id="speed"
            aria-label={t("replay.speed")}
            value={speed.value}
            onChange={(event) => {
              speed.value = Number(event.currentTarget.value);
            }}
          >
            {SPEEDS.map((each) => (
              <option key={each} value={each}>
                {t("replay.times", { number: each })}
              </option>
            ))}
          </select>
          <button
            class="icon-button"
            title={tip(t("replay.faster"), "+")}
            aria-label={t("replay.faster")}
            onClick={() => faster(1)}
          >
            <PlayerIcon name="faster" />
          </button>
        </span>
        <button
          class="icon-button toggle"
          aria-pressed={loop.value}
          title={tip(t("replay.loop"), "r")}
          aria-label={t("replay.loop")}
          onClick={() => {
            loop.value = !loop.value;
          }}
        >
          <PlayerIcon name="loop" />
        </button>
        <fieldset class="look">
          <legend class="hidden">{t("replay.view")}</legend>
          {(["known", "was"] as const).map((each) => (
            <label key={each} title={t(each === "known" ? "replay.known_hint" : "replay.as_it_was_hint")}>
              <input
                type="radio"
                name="look"
                value={each}
                checked={look.value === each}
                onChange={() => {
                  look.value = each;
                }}
              />
              <span>{t(each === "known" ? "replay.known" : "replay.as_it_was")}</span>
            </label>
          ))}
        </fieldset>
      </div>
    </section>
  );
}

function Scrubber(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const now = loaded.value;
  const bins = useMemo(
    () => (now === null ? [] : densityOf(now.films.values(), now.range.startMs, now.range.endMs, BINS, look.value)),
    [now, look.value],
  );
  const [startMs, endMs] = now === null ? [0, 1] : [now.range.startMs, now.range.endMs];
  const share = (ms: number): number => (ms - startMs) / (endMs - startMs);
  useEffect(() => {
    const draw = (): void =>
      paint(
        canvas.current,
        bins,
        gaps.peek().map(({ from, to }) => [share(from), share(to)]),
      );
    draw();
    const observer = new ResizeObserver(draw);
    if (canvas.current !== null) observer.observe(canvas.current);
    return () => observer.disconnect();
  }, [bins, palette.value]);
  return (
    <div class="scrubber" data-ready={now !== null}>
      {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing of it takes the focus; the slider beside it says the same */}
      <canvas ref={canvas} aria-hidden="true" />
      <div class="marks" aria-hidden="true">
        {events.value.map((event) => (
          <i
            key={`${event.record.id} ${event.ms}`}
            class={`happened ${event.kind}`}
            style={{ left: `${100 * share(event.ms)}%` }}
            title={`${shortMoment(event.ms)} ${happeningWords(event)}`}
          />
        ))}
      </div>
      <i class="here" aria-hidden="true" style={{ left: `${100 * share(atMs.value || startMs)}%` }} />
      <input
        type="range"
        id="scrubber"
        aria-label={t("replay.scrubber")}
        disabled={now === null}
        min={0}
        max={10_000}
        step={1}
        value={Math.round(10_000 * share(atMs.value || startMs))}
        aria-valuetext={now === null ? "" : momentWords(playMs.value)}
        onInput={(event) => seek(startMs + (Number(event.currentTarget.value) / 10_000) * (endMs - startMs))}
      />
    </div>
  );
}

/** Bars of how much was heard; what is not told is hatched. */
function paint(
  canvas: HTMLCanvasElement | null,
  bins: readonly number[],
  hidden: readonly (readonly [number, number])[],
): void {
  const pen = canvas?.getContext("2d");
  if (canvas === null || pen === null || pen === undefined) return;
  const [wide, high] = [canvas.clientWidth, HEIGHT];
  [canvas.width, canvas.height] = [wide * devicePixelRatio, high * devicePixelRatio];
  pen.scale(devicePixelRatio, devicePixelRatio);
  const tokens = readTokens();
  const most = Math.max(1, ...bins);
  pen.fillStyle = tokens.get("rule-strong");
  bins.forEach((count, n) => {
    const tall = count === 0 ? 0 : Math.max(2, (high - 8) * Math.sqrt(count / most));
    pen.fillRect((n * wide) / bins.length, high - tall, Math.max(1, wide / bins.length - 0.6), tall);
  });
  pen.strokeStyle = tokens.get("caution");
  pen.lineWidth = 1.5;
  for (const [from, to] of hidden) {
    for (let x = from * wide - high; x < to * wide; x += 7) {
      pen.save();
      pen.beginPath();
      pen.rect(from * wide, 0, Math.max(2, (to - from) * wide), high);
      pen.clip();
      pen.beginPath();
      pen.moveTo(x, high);
      pen.lineTo(x + high, 0);
      pen.stroke();
      pen.restore();
    }
  }
}
