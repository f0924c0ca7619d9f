/**
 * The plain page, for a browser that this address gives no safe storage: a form that is sent at once, and why there is
 * no more.
 */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { readCoordinates } from "../../geo/coordinates.ts";
import { newId } from "../../phone/database.ts";
import type { Report } from "../../phone/reports.ts";
import { Failure, readPlaceAtKm, readSession, sendReports } from "../../phone/server.ts";
import { isoTime } from "../../phone/server-clock.ts";
import type { Session } from "../../wire/session.ts";
import { t, wordsIfAny } from "../../words/index.ts";

export function PlainPage(): JSX.Element {
  const who = useSignal<Session | null>(null);
  const message = useSignal("");
  const place = useSignal("");
  const km = useSignal("");
  const words = useSignal("");
  const last = useRef<Report | null>(null);
  useEffect(() => {
    readSession().then(
      (found) => {
        who.value = found;
      },
      () => {
        message.value = t("crew.plain.unreachable");
      },
    );
  }, []);
  const send = async (make: () => Promise<Report | null>): Promise<void> => {
    message.value = t("crew.plain.busy");
    try {
      const content = await make();
      if (content === null) {
        message.value = t("crew.plain.no_place");
        return;
      }
      // Of a text that was sent and not answered nobody knows whether it came: the same again has one effect.
      const report =
        content.kind === "text" && last.current !== null && wordsIn(last.current) === wordsIn(content)
          ? last.current
          : content;
      if (report.kind === "text") last.current = report;
      const answer = await sendReports([report], null);
      if (last.current === report) last.current = null; // not by a place or a call for help that went meanwhile
      message.value = answer.taken.includes(report.id) ? t("crew.plain.taken") : refusalWords(answer.refused[0]);
      // What was written while it was under way stays.
      if (answer.taken.includes(report.id) && report.kind === "text" && words.peek().trim() === wordsIn(report))
        words.value = "";
    } catch (fault) {
      message.value =
        fault instanceof Failure && fault.status === 401 ? t("fault.signed_out") : t("crew.plain.not_sent");
    }
  };
  const here = async (): Promise<{ lon: number; lat: number } | null> =>
    km.value.trim() !== "" ? readPlaceAtKm(Number(km.value.replace(",", "."))) : readCoordinates(place.value);
  return (
    <div class="crew plain">
      <header class="status" data-tone="wait">
        <div class="status-top">
          <h1>{t("crew.plain.title")}</h1>
          <span class="call-sign">{who.value?.user}</span>
        </div>
      </header>
      <main>
        <section class="panel">
          <div class="card notice">
            <p>{t("crew.plain.why")}</p>
            <a class="big wide" href="/trust">
              {t("crew.plain.trust")}
            </a>
          </div>
          {who.value === null ? (
            <a class="big wide primary" href="/sign-in?next=/crew">
              {t("crew.first.sign_in")}
            </a>
          ) : (
            <>
              <form
                class="card"
                onSubmit={(event) => {
                  event.preventDefault();
                  void send(async () => {
                    const at = await here();
                    return at && { id: newId(), kind: "position", at: isoTime(), lon: at.lon, lat: at.lat };
                  });
                }}
              >
                <h2>{t("crew.plain.place")}</h2>
                <label for="km">{t("crew.plain.km")}</label>
                <input
                  id="km"
                  inputMode="decimal"
                  value={km.value}
                  onInput={(event) => {
                    km.value = event.currentTarget.value;
                  }}
                />
                <label for="place">{t("crew.plain.coordinates")}</label>
                <input
                  id="place"
                  value={place.value}
                  placeholder="20.2655 N 100.4096 E"
                  onInput={(event) => {
                    place.value = event.currentTarget.value;
                  }}
                />
                <button class="big wide primary">{t("crew.plain.send_place")}</button>
              </form>
              <form
                class="card"
                onSubmit={(event) => {
                  event.preventDefault();
                  void send(async () => ({ id: newId(), kind: "text", at: isoTime(), text: words.value.trim() }));
                }}
              >
                <label for="words">{t("crew.text.words")}</label>
                <textarea
                  id="words"
                  rows={2}
                  maxLength={1000}
                  required
                  value={words.value}
                  onInput={(event) => {
                    words.value = event.currentTarget.value;
                  }}
                />
                <button class="big wide primary">{t("crew.text.send")}</button>
              </form>
            </>
          )}
        </section>
      </main>
      <section class="sos-bar" aria-label={t("crew.sos")}>
        <p role="status">{message.value}</p>
        {who.value !== null && (
          <PlainSos
            call={() =>
              send(async () => {
                const at = await soon(here().catch(() => null));
                return { id: newId(), kind: "sos", at: isoTime(), ...(at ? { lon: at.lon, lat: at.lat } : {}) };
              })
            }
          />
        )}
      </section>
    </div>
  );
}

function wordsIn(report: Report): string | null {
  return report.kind === "text" && "text" in report ? report.text : null;
}

/** A call for help waits no longer for its place. */
const SOON_MS = 2000;

function soon<T>(work: Promise<T>): Promise<T | null> {
  return Promise.race([work, new Promise<null>((resolve) => setTimeout(() => resolve(null), SOON_MS))]);
}

function refusalWords(why: { error: string; message: string } | undefined): string {
  return (why && (wordsIfAny(`crew.why.${why.error}`) ?? why.message)) || t("fault.other");
}

/** Asked once: without a hold, a pocket must not call for help. */
function PlainSos({ call }: { call: () => Promise<void> }): JSX.Element {
  const asks = useSignal(false);
  if (!asks.value)
    return (
      <button
        class="sos"
        onClick={() => {
          asks.value = true;
        }}
      >
        <b>{t("crew.sos")}</b>
      </button>
    );
  return (
    <div class="pair">
      <button
        class="big alarm"
        onClick={() => {
          asks.value = false;
          void call();
        }}
      >
        {t("crew.plain.sos_yes")}
      </button>
      <button
        class="big"
        onClick={() => {
          asks.value = false;
        }}
      >
        {t("dialog.cancel")}
      </button>
    </div>
  );
}
