/** Compare, install, check: how a phone comes to trust an office that has no public name. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../../widgets/icons.tsx";
import { CallError, fetchJson, readAnswer } from "../../wire/calls.ts";
import { PhoneTrust } from "../../wire/enrolment.ts";
import { t, wordsIfAny } from "../../words/index.ts";

const SYSTEMS = ["android", "ios", "firefox", "windows"] as const;
type System = (typeof SYSTEMS)[number];

export function TrustPage(): JSX.Element {
  const trust = useSignal<PhoneTrust | null>(null);
  const fault = useSignal("");
  useEffect(() => {
    fetchJson("/api/trust", PhoneTrust).then(
      (found) => {
        trust.value = found;
      },
      (caught: unknown) => {
        fault.value = t(caught instanceof CallError && caught.status === 404 ? "trust.none" : "trust.unreachable");
      },
    );
  }, []);
  const trusted = trust.value;
  return (
    <main class="steps">
      <header>
        <Icon name="unit" />
        <div>
          <h1>{t("trust.title")}</h1>
          {trusted && <p class="dim">{t("trust.of", { office: trusted.node })}</p>}
        </div>
      </header>
      {fault.value !== "" && (
        <p class="card bad" role="alert">
          {fault.value}
        </p>
      )}
      {trusted && (
        <>
          <p class="card">{t("trust.why")}</p>
          <Step title={t("trust.first")}>
            <Compare trusted={trusted} />
          </Step>
          <Step title={t("trust.second")}>
            <Install />
          </Step>
          <Step title={t("trust.third")}>
            <Check trusted={trusted} />
          </Step>
        </>
      )}
    </main>
  );
}

function Step({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section class="card">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Compare({ trusted }: { trusted: PhoneTrust }): JSX.Element {
  const fours = trusted.fingerprint.split(":").reduce<string[]>((lines, each, n) => {
    if (n % 4 === 0) lines.push(each);
    else lines[lines.length - 1] += `:${each}`;
    return lines;
  }, []);
  return (
    <>
      <p>{t("trust.compare")}</p>
      <h3>{t("trust.fingerprint")}</h3>
      <p class="fingerprint num">
        {fours.map((each, n) => (
          <span key={each}>{n === 0 ? each : ` ${each}`}</span>
        ))}
      </p>
      <p class="hint">
        {t("trust.good_for")}: <b>{trusted.good_for.join(", ")}</b>
      </p>
      <p class="hint">{t("trust.until", { date: trusted.until.slice(0, 10) })}</p>
    </>
  );
}

function Install(): JSX.Element {
  const system = useSignal<System>(systemOf(navigator.userAgent));
  const steps = [1, 2, 3, 4, 5].map((n) => wordsIfAny(`trust.${system.value}.${n}`)).filter((each) => each !== null);
  return (
    <>
      <a class="button primary wide" href="/api/trust/authority.crt" download="joint-patrol.crt">
        {t("trust.get")}
      </a>
      <h3 id="system">{t("trust.system")}</h3>
      <div class="segments" role="group" aria-labelledby="system">
        {SYSTEMS.map((each) => (
          <button
            key={each}
            class="button"
            type="button"
            aria-pressed={system.value === each}
            onClick={() => {
              system.value = each;
            }}
          >
            {t(`trust.system.${each}`)}
          </button>
        ))}
      </div>
      <ol>
        {steps.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ol>
    </>
  );
}

/** Asks the office over TLS, from wherever this page came. */
function Check({ trusted }: { trusted: PhoneTrust }): JSX.Element {
  const found = useSignal<"" | "busy" | "yes" | "no" | "other">("");
  const check = async (): Promise<void> => {
    found.value = "busy";
    try {
      const answer = await fetch(`${trusted.address}/api/trust`, { cache: "no-store", credentials: "omit" });
      const there = await readAnswer(answer, "GET /api/trust", PhoneTrust);
      found.value = there.fingerprint === trusted.fingerprint ? "yes" : "other";
    } catch {
      found.value = "no";
    }
  };
  const words = {
    "": "",
    busy: t("trust.checking"),
    yes: t("trust.yes"),
    no: t("trust.no", { address: trusted.address }),
    other: t("trust.other"),
  };
  return (
    <>
      <button class="button wide" type="button" disabled={found.value === "busy"} onClick={() => void check()}>
        {t("trust.check")}
      </button>
      <p role="status">
        <b>{words[found.value]}</b>
      </p>
      {found.value === "yes" && (
        <a class="button primary wide" href={`${trusted.address}/crew`}>
          {t("trust.open")}
        </a>
      )}
    </>
  );
}

function systemOf(agent: string): System {
  if (/iPhone|iPad|iPod/.test(agent)) return "ios";
  if (/Firefox/.test(agent)) return "firefox";
  return /Windows/.test(agent) ? "windows" : "android";
}
