/**
 * What is wrong with this page itself: it was loaded from another build, cannot read something, or something failed.
 */
import type { JSX } from "preact";
import { failed, otherBuild, reloadPage, unread } from "../../session/page-faults.ts";
import { t } from "../../words/index.ts";
import { Icon } from "../icons.tsx";

export function PageNotices(): JSX.Element | null {
  const words = [
    otherBuild.value === "" ? "" : t("page.other_build"),
    unread.value.size === 0 ? "" : t("page.unread", { n: unread.value.size }),
    failed.value ? t("page.failed") : "",
  ].filter(Boolean);
  if (words.length === 0) return null;
  return (
    <div class="page-notices" role="status" id="page-notices">
      <Icon name="warn" />
      <div>
        {words.map((each) => (
          <p key={each}>{each}</p>
        ))}
      </div>
      <button class="button" onClick={reloadPage}>
        {t("page.load_anew")}
      </button>
    </div>
  );
}
