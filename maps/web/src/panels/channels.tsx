/** Every link: is it open, when did it last hear anything, what did it reject. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../clock.ts";
import { may, timeZone } from "../console.ts";
import type { ChannelHealth, RejectedFrame } from "../contract.ts";
import { channels } from "../feed.ts";
import { t, wordsIfAny } from "../i18n/index.ts";
import { SEE_REJECTED } from "../permissions.ts";
import { fetchJson } from "../rest.ts";
import { ageSeconds, ageWords, momentWords } from "../times.ts";
import { Broken, Empty, Loading, useLoaded } from "./states.tsx";

export function Channels(): JSX.Element {
  const all = channels.value;
  return (
    <section class="panel" aria-labelledby="channels-title">
      <header class="panel-head"><h2 id="channels-title">{t("channels.title")}</h2><span class="count num">{all === null ? "" : t("channels.open", { open: all.filter(isWell).length, n: all.length })}</span></header>
      <div class="scroll">
        {all === null && <Loading />}
        {all?.length === 0 && <Empty title={t("channels.empty")}>{t("channels.empty_how")}</Empty>}
        <ul class="cards">{(all ?? []).map((channel) => <Channel key={channel.name} channel={channel} />)}</ul>
      </div>
    </section>
  );
}

export function isWell(channel: ChannelHealth): boolean {
  return channel.state === "open";
}

function Channel({ channel }: { channel: ChannelHealth }): JSX.Element {
  const open = useSignal(false);
  const rejects = Object.entries(channel.errors);
  const rejected = rejects.reduce((sum, [, n]) => sum + n, 0);
  const heard = ageSeconds(channel.last_heard_at, now.value);
  return (
    <li class={`card channel-${channel.state}`}>
      <div class="card-head">
        <span class={`lamp lamp-${channel.state}`} aria-hidden="true" />
        <h3>{channel.name}</h3>
        <span class="channel-state">{t(`channel.${channel.state}`)}</span>
      </div>
      <p class="dim break"><code>{channel.url}</code></p>
      <p class="dim">{t("channels.speaks", { names: channel.protocols.join(", ") })}</p>
      {channel.fault && <p class="fault">{channel.fault}</p>}
      {!isWell(channel) && <p class="num">{t("channels.since", { time: momentWords(Date.parse(channel.since), now.value, timeZone.value) })}</p>}
      <dl class="figures num">
        <div><dt>{t("channels.heard")}</dt><dd>{heard === null ? t("age.never") : ageWords(heard)}</dd></div>
        <div><dt>{t("channels.messages")}</dt><dd>{channel.transmissions.toLocaleString("en")}</dd></div>
        <div><dt>{t("channels.rejected")}</dt><dd>{rejected.toLocaleString("en")}</dd></div>
        {channel.shed > 0 && <div><dt>{t("channels.shed")}</dt><dd>{channel.shed.toLocaleString("en")}</dd></div>}
        {channel.reconnects > 0 && <div><dt>{t("channels.reconnects")}</dt><dd>{channel.reconnects}</dd></div>}
      </dl>
      {rejected > 0 && may(SEE_REJECTED) && <button class="button" aria-expanded={open.value} onClick={() => { open.value = !open.value; }}>{open.value ? t("channels.hide_rejected") : t("channels.show_rejected")}</button>}
      {open.value && <Rejected channel={channel} reasons={rejects} />}
    </li>
  );
}

function Rejected({ channel, reasons }: { channel: ChannelHealth; reasons: [string, number][] }): JSX.Element {
  const { value, fault, again } = useLoaded(channel.name, () => fetchJson<RejectedFrame[]>(`/api/channels/${encodeURIComponent(channel.name)}/rejected`));
  return (
    <div class="rejected">
      <ul class="reasons">{reasons.map(([reason, n]) => <li key={reason}><span class="num">{n}</span> {reasonWords(reason)}</li>)}</ul>
      {fault ? <Broken what={t("channels.rejected_failed")} fault={fault} retry={again} /> : value === null ? <Loading /> : value.map((frame, i) => (
        <div class="frame" key={i}>
          <p><span class="num">{momentWords(Date.parse(frame.heard_at), now.peek(), timeZone.value)}</span> · {reasonWords(frame.reason)}</p>
          <p class="dim">{frame.detail}{frame.topic ? ` · ${frame.topic}` : ""}{frame.source ? ` · ${frame.source}` : ""}</p>
          {frame.text && <pre tabIndex={0} aria-label={t("channels.as_text")}>{frame.text}</pre>}
          {frame.hex && <pre tabIndex={0} aria-label={t("channels.as_hex")}>{inPairs(frame.hex)}</pre>}
        </div>
      ))}
      {value?.length === 0 && <p class="dim">{t("channels.none_kept")}</p>}
    </div>
  );
}

/** `2447 50` as `24 47 50`. */
function inPairs(hex: string): string {
  return hex.replace(/\s/g, "").replace(/(..)(?=.)/g, "$1 ");
}

function reasonWords(reason: string): string {
  return wordsIfAny(`reason.${reason}`) ?? reason.replaceAll("_", " ");
}
