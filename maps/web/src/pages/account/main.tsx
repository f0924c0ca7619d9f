/**
 * Starts the account page: how a person reads and signs in, notifications, tokens, and for administrators who else may.
 */
import "../../symbols/fonts.css";
import "../../symbols/theme.css";
import "../../widgets/frame/page.css";
import "../../widgets/frame/pages.css";
import "../../widgets/frame/pages-menu.css";
import "../../widgets/frame/sections.css";
import "./account.css";
import { type JSX, render } from "preact";
import { TAKE_BACK_PROTECTED } from "../../session/permissions.ts";
import { may, session } from "../../session/session.ts";
import { app, startPage } from "../../session/start.ts";
import { Section } from "../../widgets/action-state.tsx";
import { promptForProof } from "../../widgets/dialogs/proof-prompt.ts";
import { PagesMenu } from "../../widgets/frame/pages-menu.tsx";
import { showStartFault } from "../../widgets/start-fault.tsx";
import { t } from "../../words/index.ts";
import { Devices, ENROL, MANAGE } from "./devices.tsx";
import { Holdings, SEARCH_HOLDINGS } from "./holdings.tsx";
import { Journal, SEE_JOURNAL } from "./journal.tsx";
import { KEEP_HOLDS, LegalHolds } from "./legal-holds.tsx";
import { Notices } from "./notices.tsx";
import { Password, Sessions } from "./password.tsx";
import { ProtectedReaders } from "./protected-readers.tsx";
import { PARTS, Reading } from "./reading-preferences.tsx";
import { SecondFactor, secondFactorRequired } from "./second-factor.tsx";
import { Tokens } from "./tokens.tsx";
import { Users } from "./users.tsx";

const MANAGE_USERS = "manage users";

function Account(): JSX.Element {
  const here = session.value;
  const all = !secondFactorRequired.value;
  const people = all && (may(MANAGE_USERS) || may(MANAGE) || may(ENROL) || may(TAKE_BACK_PROTECTED));
  const held = all && (may(SEARCH_HOLDINGS) || may(KEEP_HOLDS));
  const parts = [
    ["reading", t("account.reading")],
    ["signing-in", t("account.signing_in")],
    ...(all
      ? [
          ["notices", t("account.notices")],
          ["tokens", t("account.tokens")],
        ]
      : []),
    ...(people ? [["people", t("account.people")]] : []),
    ...(all && may(SEE_JOURNAL) ? [["journal", t("account.journal")]] : []),
    ...(held ? [["held", t("account.held")]] : []),
  ];
  return (
    <main class="page">
      <header class="page-head">
        <h1>{t("page.account")}</h1>
        <PagesMenu />
      </header>
      <div class="page-body sections">
        <nav aria-label={t("account.sections")}>
          {parts.map(([id, words]) => (
            <a key={id} href={`#${id}`}>
              {words}
            </a>
          ))}
        </nav>
        <div class="parts">
          <Reading />
          <Section id="signing-in" title={t("account.signing_in")}>
            {here !== null && (
              <p>{t("account.you", { name: here.user, role: t(`role.${here.role}`), agency: here.agency.name })}</p>
            )}
            <SecondFactor />
            {all && <Password />}
            <Sessions />
          </Section>
          {all && <Notices />}
          {all && <Tokens />}
          {people && (
            <Section id="people" title={t("account.people")}>
              {may(MANAGE_USERS) && <Users />}
              <Devices />
              {may(TAKE_BACK_PROTECTED) && <ProtectedReaders />}
            </Section>
          )}
          {all && may(SEE_JOURNAL) && <Journal />}
          {held && (
            <Section id="held" title={t("account.held")}>
              {may(SEARCH_HOLDINGS) && <Holdings />}
              {may(KEEP_HOLDS) && <LegalHolds />}
            </Section>
          )}
        </div>
      </div>
    </main>
  );
}

function draw(): void {
  render(<Account />, app);
}

promptForProof();
void startPage(PARTS, draw, showStartFault);
