/** Starts the page of counterparts: the own card, another office's card, and every office that is known. */
import "../../symbols/fonts.css";
import "../../symbols/theme.css";
import "../../widgets/frame/page.css";
import "../../widgets/frame/pages.css";
import "../../widgets/frame/pages-menu.css";
import "../../widgets/frame/sections.css";
import "./counterparts.css";
import { useSignal } from "@preact/signals";
import { type JSX, render } from "preact";
import { PAIR_COUNTERPARTS } from "../../session/permissions.ts";
import { may } from "../../session/session.ts";
import { app, startPage } from "../../session/start.ts";
import { Section } from "../../widgets/action-state.tsx";
import { promptForProof } from "../../widgets/dialogs/proof-prompt.ts";
import { PagesMenu } from "../../widgets/frame/pages-menu.tsx";
import { Broken, Empty, Loading, useLoaded } from "../../widgets/load-states.tsx";
import { showStartFault } from "../../widgets/start-fault.tsx";
import { call, fetchJson } from "../../wire/calls.ts";
import { Counterpart, CounterpartLink } from "../../wire/counterparts.ts";
import { listOf } from "../../wire/parser.ts";
import { t } from "../../words/index.ts";
import { CardReader } from "./card-reader.tsx";
import { CounterpartEntry } from "./counterpart-entry.tsx";
import { OwnCard } from "./own-card.tsx";
import { useRefresh } from "./refresh.ts";

const PATH = "/api/counterparts";

function Counterparts(): JSX.Element {
  const { value, fault, again } = useLoaded("counterparts", () =>
    fetchJson(`${PATH}?revoked=true`, listOf(Counterpart)),
  );
  const links = useLoaded("links", () => fetchJson("/api/counterpart-links", listOf(CounterpartLink)));
  const news = useSignal("");
  useRefresh(() => {
    again();
    links.again();
  });
  const changed = ({ card, state }: Counterpart): void => {
    news.value = t(`counterpart.became.${state}`, { name: card.name });
    again();
  };
  const add = async (card: string): Promise<string> => {
    const added = await call("POST", PATH, Counterpart, { card });
    changed(added);
    return t("counterpart.became.proposed", { name: added.card.name });
  };
  const known = value?.filter((each) => each.state !== "revoked");
  const revoked = value?.filter((each) => each.state === "revoked") ?? [];
  const isPairing = may(PAIR_COUNTERPARTS);
  const parts = [
    ["known", t("counterpart.known")],
    ["own-card", t("counterpart.own")],
    ...(isPairing ? [["read", t("counterpart.read")]] : []),
  ];
  return (
    <main class="page">
      <header class="page-head">
        <h1>{t("page.counterparts")}</h1>
        <PagesMenu />
      </header>
      <div class="page-body sections counterparts">
        <nav aria-label={t("counterpart.sections")}>
          {parts.map(([id, words]) => (
            <a key={id} href={`#${id}`}>
              {words}
            </a>
          ))}
        </nav>
        <div class="parts">
          <Section id="known" title={t("counterpart.known")}>
            <p class="said" role="status">
              {news.value}
            </p>
            {fault != null && <Broken what={t("counterpart.known")} fault={fault} retry={again} />}
            {value === null && fault === null && <Loading />}
            {known?.length === 0 && <Empty title={t("counterpart.none")}>{t("counterpart.none_how")}</Empty>}
            <ul class="entries">
              {known?.map((each) => (
                <CounterpartEntry
                  key={each.id}
                  of={each}
                  link={links.value?.find((link) => link.node === each.card.node)}
                  changed={changed}
                />
              ))}
            </ul>
            {links.fault != null && <Broken what={t("counterpart.link")} fault={links.fault} retry={links.again} />}
            {revoked.length > 0 && (
              <details class="revoked">
                <summary class="button">{t("counterpart.revoked_list", { number: revoked.length })}</summary>
                <ul class="entries">
                  {revoked.map((each) => (
                    <CounterpartEntry key={each.id} of={each} changed={changed} />
                  ))}
                </ul>
              </details>
            )}
          </Section>
          <OwnCard />
          {isPairing && (
            <Section id="read" title={t("counterpart.read")}>
              <p class="hint">{t("counterpart.read_how")}</p>
              <CardReader id="read" button={t("counterpart.add")} take={add} />
            </Section>
          )}
        </div>
      </div>
    </main>
  );
}

function draw(): void {
  render(<Counterparts />, app);
}

promptForProof();
void startPage(["common", "counterparts"], draw, showStartFault);
