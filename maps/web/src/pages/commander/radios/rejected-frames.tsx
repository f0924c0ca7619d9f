/** Frames that were not understood: when, why, as text and as bytes. */
import type { JSX } from "preact";
import { now } from "../../../session/clock.ts";
import { timeZone } from "../../../session/session.ts";
import { momentWords } from "../../../session/times.ts";
import type { RejectedFrame } from "../../../wire/channels.ts";
import { t, wordsIfAny } from "../../../words/index.ts";

export function RejectedFrames({ frames }: { frames: RejectedFrame[] }): JSX.Element {
  return (
    <>
      {frames.map((frame, i) => (
        <div class="frame" key={i}>
          <p>
            <span class="num">{momentWords(Date.parse(frame.heard_at), now.peek(), timeZone.value)}</span> ·{" "}
            {reasonWords(frame.reason)}
          </p>
          <p class="dim">
            {frame.detail}
            {frame.topic ? ` · ${frame.topic}` : ""}
            {frame.source ? ` · ${frame.source}` : ""}
          </p>
          <Bytes {...(frame.text ? { text: frame.text } : {})} {...(frame.hex ? { hex: frame.hex } : {})} />
        </div>
      ))}
    </>
  );
}

/** The same bytes twice: as text, a dot for what cannot be printed, and as pairs of digits. */
export function Bytes({ text, hex }: { text?: string; hex?: string }): JSX.Element {
  return (
    <>
      {text && (
        <pre tabIndex={0} role="group" aria-label={t("channels.as_text")}>
          {text}
        </pre>
      )}
      {hex && (
        <pre tabIndex={0} role="group" aria-label={t("channels.as_hex")}>
          {inPairs(hex)}
        </pre>
      )}
    </>
  );
}

/** `2447 50` as `24 47 50`. */
function inPairs(hex: string): string {
  return hex.replace(/\s/g, "").replace(/(..)(?=.)/g, "$1 ");
}

export function reasonWords(reason: string): string {
  return wordsIfAny(`reason.${reason}`) ?? reason.replaceAll("_", " ");
}
