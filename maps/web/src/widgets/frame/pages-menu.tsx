/** The other pages that this person may open. */
import type { JSX } from "preact";
import { SEE_COUNTERPARTS } from "../../session/permissions.ts";
import { may } from "../../session/session.ts";
import { t, type Words } from "../../words/index.ts";
import { Icon } from "../icons.tsx";
import { useMenu } from "../menu.ts";

interface Page {
  path: string;
  words: Words;
  act: string;
}

const PAGES: readonly Page[] = [
  { path: "/", words: "page.map", act: "see the picture" },
  { path: "/planner", words: "page.planner", act: "see patrols" },
  { path: "/replay", words: "page.replay", act: "see tracks" },
  { path: "/reports", words: "page.reports", act: "see patrols" },
  { path: "/crew", words: "page.crew", act: "report positions" },
  { path: "/counterparts", words: "page.counterparts", act: SEE_COUNTERPARTS },
  { path: "/account", words: "page.account", act: "see the picture" },
  { path: "/docs/", words: "page.docs", act: "see the picture" },
];

export function PagesMenu(): JSX.Element {
  const menu = useMenu();
  return (
    <details class="pages" ref={menu}>
      <summary class="icon-button" title={t("pages.open")} aria-label={t("pages.open")}>
        <Icon name="pages" />
      </summary>
      <nav aria-label={t("pages.label")}>
        {PAGES.filter((page) => may(page.act)).map(({ path, words }) => (
          <a key={path} href={path} aria-current={path === location.pathname ? "page" : undefined}>
            {t(words)}
          </a>
        ))}
      </nav>
    </details>
  );
}
