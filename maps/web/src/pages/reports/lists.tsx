/** Reports that were asked for, and those that are sent by mail. */

import type { JSX } from "preact";
import { agencyName } from "../../session/agencies.ts";
import { may, timeZone } from "../../session/session.ts";
import { dateTime } from "../../session/times.ts";
import { Icon } from "../../widgets/icons.tsx";
import { Broken, Loading, useLoaded } from "../../widgets/load-states.tsx";
import { fetchJson } from "../../wire/calls.ts";
import { listOf } from "../../wire/parser.ts";
import type { Job } from "../../wire/reports.ts";
import { Schedule } from "../../wire/reports.ts";
import { LANGUAGES, t } from "../../words/index.ts";
import { isLanguage } from "../../words/load.ts";
import { reportName } from "./form.tsx";
import { callOff, FORMAT_WORDS, fetchFile, jobs, sizeWords } from "./jobs.ts";
import { isUnderWay } from "./request.ts";

const SEE_DELIVERIES = "see deliveries";

export function Jobs(): JSX.Element | null {
  if (jobs.value.length === 0) return null;
  return (
    <section class="report-jobs" aria-label={t("reports.asked_for")}>
      <h2>{t("reports.asked_for")}</h2>
      <ul>
        {jobs.value.map((job) => (
          <JobRow key={job.id} job={job} />
        ))}
      </ul>
    </section>
  );
}

function JobRow({ job }: { job: Job }): JSX.Element {
  const name = t("reports.job", { report: reportName(job.report), format: t(FORMAT_WORDS[job.format]) });
  const done = Math.round((job.progress ?? 0) * 100);
  return (
    <li>
      <div class="job-head">
        <span class="break">{name}</span>
        {job.state === "made" && (
          <button class="button" onClick={() => void fetchFile(job.id)}>
            <Icon name="save" />
            {sizeWords(job.bytes ?? 0)}
          </button>
        )}
        <button
          class="icon-button"
          title={t(isUnderWay(job) ? "reports.call_off" : "reports.throw_away")}
          aria-label={t(isUnderWay(job) ? "reports.call_off_named" : "reports.throw_away_named", { name })}
          onClick={() => void callOff(job.id)}
        >
          <Icon name="close" />
        </button>
      </div>
      {isUnderWay(job) && (
        <p class="job-way" role="status">
          <progress max="100" value={done} aria-label={name} />
          <span class="num">
            {job.state === "making" ? t("reports.done_percent", { number: done }) : t("reports.waits")}
          </span>
        </p>
      )}
      {job.state === "failed" && <p class="field-fault">{job.fault ? job.fault : t("fault.other")}</p>}
    </li>
  );
}

export function Schedules(): JSX.Element | null {
  return may(SEE_DELIVERIES) ? <ScheduleList /> : null;
}

function ScheduleList(): JSX.Element {
  const { value, fault, again } = useLoaded("schedules", () => fetchJson("/api/report-schedules", listOf(Schedule)));
  return (
    <section class="report-schedules" aria-label={t("reports.by_mail")}>
      <h2>{t("reports.by_mail")}</h2>
      {fault !== null && <Broken what={t("reports.schedules_failed")} fault={fault} retry={again} />}
      {value === null && fault === null && <Loading />}
      {value !== null && value.length === 0 && <p class="hint">{t("reports.no_schedules")}</p>}
      {value !== null && value.length > 0 && (
        <ul>
          {value.map((each) => (
            <ScheduleRow key={each.name} schedule={each} />
          ))}
        </ul>
      )}
    </section>
  );
}

function ScheduleRow({ schedule }: { schedule: Schedule }): JSX.Element {
  const time = (moment: string): string => dateTime(Date.parse(moment), timeZone.value);
  return (
    <li>
      <p>
        <b>{reportName(schedule.report)}</b> <span class="dim">{schedule.name}</span>
      </p>
      <p>
        {t(schedule.every === "month" ? "reports.every_month" : "reports.every_week")} ·{" "}
        {schedule.formats.map((each) => t(FORMAT_WORDS[each])).join(", ")} ·{" "}
        <span lang={schedule.language}>
          {isLanguage(schedule.language) ? LANGUAGES[schedule.language] : schedule.language}
        </span>
      </p>
      {schedule.counterpart && <p>{t("reports.for_agency", { agency: agencyName(schedule.counterpart) })}</p>}
      <p class="break dim">{schedule.recipients.join(", ")}</p>
      <p class="num">
        {schedule.last_at
          ? t("reports.last_sent", { time: time(schedule.last_at), period: schedule.last_period ?? "" })
          : t("reports.never_sent")}
      </p>
      <p class="num">{t("reports.next", { time: time(schedule.next_at) })}</p>
      {schedule.fault && <p class="field-fault break">{t("reports.mail_waits", { fault: schedule.fault })}</p>}
    </li>
  );
}
