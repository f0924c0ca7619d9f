/** Code of others on the server's computer: does it run, and what is wrong with it. For technicians. */
import type { JSX } from "preact";
import { Broken, useLoaded } from "../../../widgets/load-states.tsx";
import { fetchJson } from "../../../wire/calls.ts";
import { PluginHealth } from "../../../wire/channels.ts";
import { listOf } from "../../../wire/parser.ts";
import { t } from "../../../words/index.ts";

/** Nothing where none is installed. */
export function PluginList(): JSX.Element | null {
  const { value, fault, again } = useLoaded("plug-ins", () => fetchJson("/api/plugins", listOf(PluginHealth)));
  if (fault) return <Broken what={t("channels.plugins.not_read")} fault={fault} retry={again} />;
  if (value === null || value.length === 0) return null;
  return (
    <div class="plugins">
      <header class="gateway-head">
        <div class="card-head">
          <h3>{t("channels.plugins.title")}</h3>
          <button class="button" onClick={again}>
            {t("channels.reload_rejected")}
          </button>
        </div>
      </header>
      <ul class="cards">
        {value.map((plugin) => (
          <Plugin key={`${plugin.kind} ${plugin.name} ${plugin.package}`} plugin={plugin} />
        ))}
      </ul>
    </div>
  );
}

const LAMPS = { running: "open", not_allowed: "stopped", refused: "down", failed: "down", off: "down" } as const;

function Plugin({ plugin }: { plugin: PluginHealth }): JSX.Element {
  const lamp = plugin.state === "running" && plugin.fault ? "silent" : LAMPS[plugin.state];
  return (
    <li class={`card channel-${lamp}`}>
      <div class="card-head">
        <span class={`lamp lamp-${lamp}`} aria-hidden="true" />
        <h3>{plugin.name}</h3>
        <span class="channel-state">{t(`channels.plugins.state.${plugin.state}`)}</span>
      </div>
      <p class="dim break">
        {t(`channels.plugins.kind.${plugin.kind}`)} · <code>{`${plugin.package} ${plugin.version}`}</code>
      </p>
      {plugin.state === "not_allowed" && <p>{t("channels.plugins.how")}</p>}
      {plugin.fault && <p class="fault break">{plugin.fault}</p>}
    </li>
  );
}
