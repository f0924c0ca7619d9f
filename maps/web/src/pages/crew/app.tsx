/** The page's frame: the status on top, one tab, SOS and the tabs below. */
import { effect, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { installUpdate, newer } from "../../phone/install.ts";
import { Boundary } from "../../widgets/frame/boundary.tsx";
import { PageNotices } from "../../widgets/frame/page-notices.tsx";
import { Icon, type IconName } from "../../widgets/icons.tsx";
import { t, type Words } from "../../words/index.ts";
import { LockPanel } from "./lock-panel.tsx";
import { MapPanel } from "./map-panel.tsx";
import { MorePanel } from "./more-panel.tsx";
import { crew, fault, isUnsaved, opened } from "./outbox/crew.ts";
import { counts } from "./outbox/outbox.ts";
import { chosen } from "./outbox/page-language.ts";
import { PatrolPanel } from "./patrol-panel.tsx";
import { ReportPanel } from "./report-panel.tsx";
import { SosBar } from "./sos-bar.tsx";
import { StatusLine } from "./status-line.tsx";
import { TextsPanel, unreadTexts } from "./texts-panel.tsx";

type Tab = "patrol" | "map" | "report" | "texts" | "more";
const TABS: readonly (readonly [Tab, Words, IconName])[] = [
  ["patrol", "crew.tab.patrol", "unit"],
  ["map", "crew.tab.map", "layers"],
  ["report", "crew.tab.report", "plus"],
  ["texts", "crew.tab.texts", "message"],
  ["more", "crew.tab.more", "pages"],
];

/** With nobody signed in not even a call for help gets through; with somebody else it does. */
const FAULTS = {
  shut: "crew.fault.shut",
  signed_out: "fault.signed_out",
  other_user: "crew.fault.other_user",
} as const;

const tab = signal<Tab>("patrol");

effect(() => {
  if (opened.value === null) tab.value = "patrol"; // a page that was just locked shows that it is
});

export function App(): JSX.Element {
  const open = opened.value !== null;
  const main = useRef<HTMLElement>(null);
  // A tab opens at its top, however far the one before was scrolled.
  useLayoutEffect(() => {
    main.current?.scrollTo(0, 0);
  }, [tab.value, open]);
  return (
    <div class="crew" key={chosen.value}>
      <Boundary name="status">
        <StatusLine />
      </Boundary>
      <main tabIndex={-1} ref={main}>
        {newer.value && (
          <div class="card notice" role="status">
            <p>{t("crew.newer")}</p>
            <button class="big wide primary" onClick={installUpdate}>
              {t("crew.newer.take")}
            </button>
          </div>
        )}
        {isUnsaved.value && (
          <div class="card notice" role="alert">
            <p>{t("crew.storage.broken")}</p>
          </div>
        )}
        {open && fault.value !== null && (
          <div class="card notice" role="alert">
            <p>{t(FAULTS[fault.value])}</p>
            {fault.value !== "shut" && (
              <a class="big wide" href="/sign-in?next=/crew">
                {t("crew.first.sign_in")}
              </a>
            )}
          </div>
        )}
        {open && tab.value !== "texts" && unreadTexts() > 0 && (
          <button
            class="big wide primary new-text"
            onClick={() => {
              tab.value = "texts";
            }}
          >
            <Icon name="message" /> {t("crew.text.unread", { n: unreadTexts() })}
          </button>
        )}
        <PageNotices />
        <Boundary key={`${tab.value} ${open}`} name={tab.value}>
          {!open && tab.value !== "more" ? <LockPanel /> : <Panel />}
        </Boundary>
      </main>
      <SosBar />
      <nav class="tab-bar" aria-label={t("crew.tabs")}>
        {TABS.map(([name, words, icon]) => {
          const shown = open
            ? tab.value === name
            : (tab.value === "more") === (name === "more") && (name === "more" || name === "patrol");
          const some = name === "texts" ? unreadTexts() : name === "more" && open ? counts.value.refused : 0;
          return (
            <button
              key={name}
              id={`tab-${name}`}
              aria-current={shown ? "page" : undefined}
              disabled={!open && name !== "more" && name !== "patrol"}
              onClick={() => {
                tab.value = name;
              }}
            >
              <Icon name={icon} />
              <span>{t(words)}</span>
              {some > 0 && (
                <i class="badge num" role="img" aria-label={t("crew.badge", { n: some })}>
                  {some}
                </i>
              )}
            </button>
          );
        })}
      </nav>
      <p class="hidden" aria-live="polite">
        {open && crew.value === null ? t("state.loading") : ""}
      </p>
    </div>
  );
}

function Panel(): JSX.Element {
  switch (tab.value) {
    case "patrol":
      return <PatrolPanel />;
    case "map":
      return <MapPanel />;
    case "report":
      return <ReportPanel />;
    case "texts":
      return <TextsPanel />;
    case "more":
      return <MorePanel />;
  }
}
