/** How every signed-in page begins: words, who is here, the clock; then it is drawn. */

import { ownMs } from "../browser/steady-clock.ts";
import { CallError, fetchDated } from "../wire/calls.ts";
import { Session } from "../wire/session.ts";
import { calendar } from "../words/calendar.ts";
import { type Part, t } from "../words/index.ts";
import { chosenLanguage, isLanguage, openWords } from "../words/load.ts";
import { noteServerTime, startClock } from "./clock.ts";
import { tidyDrafts, watchSignOut } from "./drafts.ts";
import { watchFailures } from "./page-faults.ts";
import { session } from "./session.ts";

export const app = document.getElementById("app") as HTMLElement;

/** Draws the page once its words are there and somebody is signed in; without a session, goes to sign in.
 *
 * @param broken draws what failed when the server does not say who is here.
 */
export async function startPage(
  parts: readonly Part[],
  draw: () => void | Promise<void>,
  broken: (fault: unknown) => void,
): Promise<void> {
  watchFailures();
  watchSignOut();
  await openWords(parts);
  let found: Session;
  try {
    const answer = await fetchDated("/api/session", Session);
    // Pages without a stream hear of no other: “the last hour” is the server's, not that of a wrong clock here.
    noteServerTime(answer.atMs, ownMs());
    found = answer.value;
  } catch (fault) {
    if (fault instanceof CallError && fault.status === 401) return location.replace(signInPath());
    return broken(fault);
  }
  if (isLanguage(found.language) && found.language !== chosenLanguage.peek()) {
    // The person's own choice, made on whatever machine, goes before this machine's.
    chosenLanguage.value = found.language;
    await openWords(parts);
  }
  calendar.value = found.calendar;
  session.value = found;
  tidyDrafts();
  document.title = t("app.title", { node: found.node.name });
  startClock();
  app.replaceChildren();
  await draw();
}

/** Where to sign in, and to which page to come back. */
function signInPath(): string {
  const here = location.pathname + location.search;
  return here === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(here)}`;
}
