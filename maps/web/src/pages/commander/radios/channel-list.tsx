/** Every link: is it open, how much and when did it last hear, what did it reject; and why a radio is missing. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { channels, cutOff, picture } from "../../../live/signals.ts";
import { now } from "../../../session/clock.ts";
import { SEE_REJECTED, SEE_SENT } from "../../../session/permissions.ts";
import { may, timeZone } from "../../../session/session.ts";
import { ageSeconds, ageWords, minuteWords, momentWords } from "../../../session/times.ts";
import { Broken, Empty, Loading, useLoaded } from "../../../widgets/load-states.tsx";
import { fetchJson } from "../../../wire/calls.ts";
import type { ChannelHealth } from "../../../wire/channels.ts";
import { RejectedFrame } from "../../../wire/channels.ts";
import { listOf } from "../../../wire/parser.ts";
import { t } from "../../../words/index.ts";
import { computerName, doubtWords, OWN_CLOCK } from "../desk/clock-doubt.ts";
import { PluginList } from "./plugin-list.tsx";
import { RadioInquiryForm } from "./radio-inquiry-form.tsx";
import { RejectedFrames, reasonWords } from "./rejected-frames.tsx";

export function ChannelList(): JSX.Element {
  const all = channels.value;
  return (
    <section class="panel" aria-labelledby="channels-title">
      <header class="panel-head">
        <h2 id="channels-title">{t("channels.title")}</h2>
        <span class="count num">
          {all === null ? "" : t("channels.open", { open: all.filter(isWell).length, n: all.length })}
        </span>
      </header>
      <div class="scroll">
        {may(SEE_SENT) && <RadioInquiryForm />}
        {all === null && <Loading />}
        {all?.length === 0 && <Empty title={t("channels.empty")}>{t("channels.empty_how")}</Empty>}
        {byGateway(all ?? []).map(([gateway, some]) => (
          <div key={gateway}>
            {gateway !== "" && (
              <GatewayHead
                gateway={gateway}
                way={some.find((link) => link.name === gateway)}
                links={some.filter((link) => link.name !== gateway)}
              />
            )}
            <ul class="cards">
              {some
                .filter((link) => link.name !== gateway)
                .map((channel) => (
                  <Channel key={channel.name} channel={channel} />
                ))}
            </ul>
          </div>
        ))}
        {may(SEE_REJECTED) && <PluginList />}
      </div>
    </section>
  );
}

/** This node's own channels first, then those of each gateway that sends it what it hears: `gateway/channel`. */
function byGateway(all: ChannelHealth[]): [string, ChannelHealth[]][] {
  const groups = new Map<string, ChannelHealth[]>([["", []]]);
  // the way from a gateway, also from one that was never heard, is a link that speaks nothing itself
  const remote = new Set(
    all
      .filter((channel) => channel.protocols.length === 0 && channel.url !== "" && channel.name !== BROKER_WAY)
      .map((channel) => channel.name),
  );
  for (const channel of all) {
    const first = channel.name.split("/", 1)[0] ?? "";
    const gateway = channel.name.includes("/") || remote.has(first) ? first : "";
    groups.set(gateway, [...(groups.get(gateway) ?? []), channel]);
  }
  return [...groups].filter(([, some]) => some.length > 0);
}

/** A gateway on another computer: the hops from its radios to this node, each as far as it is known. */
function GatewayHead({
  gateway,
  way,
  links,
}: {
  gateway: string;
  way: ChannelHealth | undefined;
  links: ChannelHealth[];
}): JSX.Element {
  const wayHealth = way?.gateway ?? null;
  const dropped = wayHealth === null ? 0 : Object.values(wayHealth.dropped).reduce((sum, n) => sum + n, 0);
  const heardAgeS = ageSeconds(way?.last_heard_at ?? null, now.value);
  const oldest = ageSeconds(wayHealth?.oldest_waiting_at ?? null, now.value);
  const silent = way !== undefined && !isWell(way);
  const at = way?.last_heard_at ?? null;
  const old = silent || (heardAgeS !== null && heardAgeS > TOLD_WITHIN_S);
  const asTold =
    old && at !== null ? t("hop.as_told", { time: minuteWords(Date.parse(at), now.value, timeZone.value) }) : null;
  return (
    <header class="gateway-head">
      <div class="card-head">
        {way !== undefined && <span class={`lamp lamp-${way.state}`} aria-hidden="true" />}
        <h3>{t("channels.gateway", { name: gateway })}</h3>
        {way !== undefined && <span class="channel-state">{t(`channel.${way.state}`)}</span>}
      </div>
      {way?.fault && <p class="fault">{doubtWords(way, now.value, timeZone.value) ?? way.fault}</p>}
      {silent && (
        <p class="num">
          {t("channels.since", { time: momentWords(Date.parse(way.since), now.value, timeZone.value) })}
        </p>
      )}
      <dl class="figures num">
        <Figure name={t("hop.radios")} ill={!links.every(isWell)}>
          {t("channels.open", { open: links.filter(isWell).length, n: links.length })}
        </Figure>
        {wayHealth !== null && (
          <Figure name={t("hop.broker")} ill={!old && wayHealth.uplink !== "open"}>
            {t(`channel.${wayHealth.uplink}`)}
            <AsTold words={asTold} />
          </Figure>
        )}
        <Figure name={t("hop.node")} ill={way !== undefined && !isWell(way)}>
          {heardAgeS === null ? t("age.never") : ageWords(heardAgeS)}
        </Figure>
        {wayHealth !== null && (
          <Figure name={t("hop.waiting")} ill={oldest !== null && oldest > WAITS_LONG_S}>
            {wayHealth.waiting === 0
              ? t("hop.nothing_waits")
              : t("hop.waits", {
                  number: wayHealth.waiting.toLocaleString("en"),
                  age: oldest === null ? "" : ageWords(oldest),
                })}
            <AsTold words={asTold} />
          </Figure>
        )}
        {wayHealth !== null && <Figure name={t("hop.receipted")}>{wayHealth.receipted.toLocaleString("en")}</Figure>}
        {(wayHealth?.inbox ?? 0) > 0 && (
          <Figure name={t("channels.inbox")} ill={(wayHealth?.inbox ?? 0) > INBOX_ILL}>
            {(wayHealth?.inbox ?? 0).toLocaleString("en")}
            <AsTold words={asTold} />
          </Figure>
        )}
        {dropped > 0 && (
          <Figure name={t("channels.shed")} ill>
            {dropped.toLocaleString("en")}
          </Figure>
        )}
        {wayHealth !== null && wayHealth.refused > 0 && (
          <Figure name={t("hop.refused")} ill>
            {wayHealth.refused.toLocaleString("en")}
          </Figure>
        )}
        {wayHealth !== null && (wayHealth.damaged ?? 0) > 0 && (
          <Figure name={t("hop.damaged")} ill>
            {(wayHealth.damaged ?? 0).toLocaleString("en")}
          </Figure>
        )}
      </dl>
    </header>
  );
}

/** What a gateway told longer ago than this is old: it tells every 10 s. */
const TOLD_WITHIN_S = 35;

function AsTold({ words }: { words: string | null }): JSX.Element | null {
  return words === null ? null : <small class="fact-more">{words}</small>;
}

/** What waits longer than this at a gateway waits because something is wrong. */
const WAITS_LONG_S = 60;

/** Under this name the server tells how its own way to its broker fares. */
export const BROKER_WAY = "way to the broker";

export function isWell(channel: ChannelHealth): boolean {
  return channel.state === "open";
}

function Channel({ channel }: { channel: ChannelHealth }): JSX.Element {
  const open = useSignal(false);
  const rejects = Object.entries(channel.errors).sort((a, b) => b[1] - a[1]);
  const rejected = rejects.reduce((sum, [, n]) => sum + n, 0);
  const behind = cutOff.value.filter((unit) => unit.known !== false && unit.cut_by?.includes(channel.name)).length;
  return (
    <li class={`card channel-${channel.state}`}>
      <div class="card-head">
        <span class={`lamp lamp-${channel.state}`} aria-hidden="true" />
        <h3>
          {channel.name === BROKER_WAY
            ? t("channels.broker")
            : channel.name === OWN_CLOCK
              ? t("clock.title", { computer: computerName(channel) })
              : channel.name}
        </h3>
        <span class="channel-state">
          {channel.name === OWN_CLOCK ? t(isWell(channel) ? "clock.good" : "clock.bad") : t(`channel.${channel.state}`)}
        </span>
      </div>
      {channel.url !== "" && (
        <p class="dim break">
          <code>{channel.url}</code>
        </p>
      )}
      {channel.protocols.length > 0 && (
        <p class="dim">{t("channels.speaks", { names: channel.protocols.join(", ") })}</p>
      )}
      {channel.fault && <p class="fault">{doubtWords(channel, now.value, timeZone.value) ?? channel.fault}</p>}
      {channel.journal_fault && <p class="fault">{t("channels.journal", { fault: channel.journal_fault })}</p>}
      {!isWell(channel) && (
        <p class="num">
          {t("channels.since", { time: momentWords(Date.parse(channel.since), now.value, timeZone.value) })}
        </p>
      )}
      {behind > 0 && <p>{t("channels.behind", { n: behind })}</p>}
      {channel.protocols.length > 0 && <Figures channel={channel} rejected={rejected} />}
      {rejected > 0 && (
        <ul class="reasons">
          {rejects.map(([reason, n]) => (
            <li key={reason}>
              <span class="num">{n.toLocaleString("en")}</span> {reasonWords(reason)}
            </li>
          ))}
        </ul>
      )}
      {rejected > 0 && may(SEE_REJECTED) && (
        <button
          class="button"
          aria-expanded={open.value}
          onClick={() => {
            open.value = !open.value;
          }}
        >
          {open.value ? t("channels.hide_rejected") : t("channels.show_rejected")}
        </button>
      )}
      {open.value && <Rejected name={channel.name} />}
    </li>
  );
}

function Figures({ channel, rejected }: { channel: ChannelHealth; rejected: number }): JSX.Element {
  const heardAgeS = ageSeconds(channel.last_heard_at, now.value);
  const rate = picture.ratePerMinute(channel.name, now.value);
  const junk = channel.bytes_read === 0 ? 0 : channel.junk_bytes / channel.bytes_read;
  const overdue = heardAgeS !== null && channel.expected_interval_s !== null && heardAgeS > channel.expected_interval_s;
  return (
    <dl class="figures num">
      <Figure name={t("channels.rate")}>
        {rate === null
          ? t("channels.rate_unknown")
          : rate.toLocaleString("en", { maximumFractionDigits: rate < 10 ? 1 : 0 })}
      </Figure>
      <Figure name={t("channels.heard")} ill={overdue}>
        {heardAgeS === null ? t("age.never") : ageWords(heardAgeS)}
      </Figure>
      {channel.expected_interval_s !== null && (
        <Figure name={t("channels.expected")}>{ageWords(channel.expected_interval_s)}</Figure>
      )}
      <Figure name={t("channels.messages")}>{channel.transmissions.toLocaleString("en")}</Figure>
      <Figure name={t("channels.rejected")} ill={rejected > channel.transmissions}>
        {rejected.toLocaleString("en")}
      </Figure>
      {junk > 0 && (
        <Figure name={t("channels.junk")} ill={junk > JUNK_ILL}>
          {junk.toLocaleString("en", { style: "percent", maximumFractionDigits: junk < 0.1 ? 1 : 0 })}
        </Figure>
      )}
      {(channel.inbox ?? 0) > 0 && (
        <Figure name={t("channels.inbox")} ill={(channel.inbox ?? 0) > INBOX_ILL}>
          {(channel.inbox ?? 0).toLocaleString("en")}
        </Figure>
      )}
      {channel.shed > 0 && (
        <Figure name={t("channels.shed")} ill>
          {channel.shed.toLocaleString("en")}
        </Figure>
      )}
      {(channel.journal_missed ?? 0) > 0 && (
        <Figure name={t("channels.journal_missed")} ill>
          {(channel.journal_missed ?? 0).toLocaleString("en")}
        </Figure>
      )}
      {channel.reconnects > 0 && (
        <Figure name={t("channels.reconnects")}>{channel.reconnects.toLocaleString("en")}</Figure>
      )}
    </dl>
  );
}

/** More than this waits only where the store is slow or refuses: a batch is at most 2,000. */
const INBOX_ILL = 2000;

/** More junk than this share, and the port speaks something else, or at another speed. */
const JUNK_ILL = 0.2;

function Figure({ name, ill, children }: { name: string; ill?: boolean; children: ComponentChildren }): JSX.Element {
  return (
    <div class={ill ? "ill" : ""}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Rejected({ name }: { name: string }): JSX.Element {
  const { value, fault, again } = useLoaded(name, () =>
    fetchJson(`/api/channels/${encodeURIComponent(name)}/rejected`, listOf(RejectedFrame)),
  );
  return (
    <div class="rejected">
      {fault ? (
        <Broken what={t("channels.rejected_failed")} fault={fault} retry={again} />
      ) : value === null ? (
        <Loading />
      ) : (
        <RejectedFrames frames={value} />
      )}
      {value?.length === 0 && <p class="dim">{t("channels.none_kept")}</p>}
      {value !== null && (
        <button class="button" onClick={again}>
          {t("channels.reload_rejected")}
        </button>
      )}
    </div>
  );
}
