/**
 * Joint patrols: the list by day, one patrol, its versions, the plan that is made; the timeline lies along the map's
 * foot.
 */
import "./patrols/patrols.css";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { below, phone } from "./desk/frame-state.ts";
import { PatrolDetail } from "./patrols/detail.tsx";
import { PlanForm } from "./patrols/form/form.tsx";
import { PatrolList } from "./patrols/list.tsx";
import { draft } from "./patrols/plan/draft.ts";
import { looking, view } from "./patrols/plan/store.ts";
import { startPatrols } from "./patrols/start.ts";
import { Versions } from "./patrols/versions.tsx";
import { Timeline } from "./timeline/timeline.tsx";

const HEIGHT_PX = 336;

export function Patrols(): JSX.Element {
  startPatrols();
  const narrow = phone.value;
  useEffect(() => {
    below.value = narrow
      ? null
      : { view: () => <Timeline />, height: Math.min(HEIGHT_PX, Math.round(innerHeight * 0.42)) };
    return () => {
      below.value = null;
    };
  }, [narrow]);
  const at = view.value.at;
  const patrol = looking.value;
  return (
    <>
      {at === "edit" && draft.value !== null ? (
        <PlanForm />
      ) : at === "versions" && patrol !== null ? (
        <Versions patrol={patrol} />
      ) : at === "patrol" && patrol !== null ? (
        <PatrolDetail key={patrol.id} patrol={patrol} />
      ) : (
        <PatrolList />
      )}
    </>
  );
}
