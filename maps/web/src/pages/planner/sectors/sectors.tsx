/** Sectors: the list, one sector, its drawing, its versions. */
import type { JSX } from "preact";
import { draft } from "./draft/draft.ts";
import { looking, view } from "./draft/store.ts";
import { SectorDetail } from "./sector-detail.tsx";
import { SectorForm } from "./sector-form.tsx";
import { SectorList } from "./sector-list.tsx";
import { Versions } from "./versions.tsx";

export function Sectors(): JSX.Element {
  const now = view.value;
  if (draft.value !== null) return <SectorForm />;
  if (now.at === "sector" && looking.value !== null) return <SectorDetail details={looking.value} />;
  if (now.at === "versions" && looking.value !== null) return <Versions details={looking.value} />;
  return <SectorList />;
}
