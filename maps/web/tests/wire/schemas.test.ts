/**
 * Whether the parsers take what the server sends, by its own schemas: the compiler compares them, field by field. A
 * parser may know fewer fields. Where it is an error, `"field" does not satisfy never` names the field.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type {
  DeliveryTestResult,
  Device,
  DeviceKey,
  FactorSetUp,
  FactorState,
  PasskeyInfo,
  PasskeyState,
  PushBrowser,
  SignInLink,
  Token,
  User,
} from "../../src/wire/accounts.ts";
import type {
  LegalHold,
  Mention,
  Mentions,
  Original,
  ProtectedReader,
  ProtectedWords,
  ReaderList,
  SignedEnd,
} from "../../src/wire/administration.ts";
import type {
  ChannelHealth,
  Claim,
  ClockDoubt,
  GatewayHealth,
  PluginHealth,
  RejectedFrame,
} from "../../src/wire/channels.ts";
import type {
  CardAgency,
  Counterpart,
  CounterpartDigits,
  CounterpartLink,
  CounterpartLog,
  FileReport,
  NodeCard,
  ShownCard,
  WrittenFile,
} from "../../src/wire/counterparts.ts";
import type { CoverageSums, HeatReport, RiverBin, SectorHeat } from "../../src/wire/coverage.ts";
import type { CrewNow, CrewPatrol, CrewPhrase, CrewSector, CrewText, Took } from "../../src/wire/crew.ts";
import type {
  Agreement,
  Alert,
  HandOff,
  Incident,
  Landing,
  ListedIncident,
  Mark,
  OfficerWord,
  Patrol,
  Prediction,
  Sector,
  Sighting,
  Target,
  Terms,
} from "../../src/wire/documents.ts";
import type { EnrolledPhone, EnrolmentCode, EnrolmentInfo, PhoneTrust } from "../../src/wire/enrolment.ts";
import type { BasemapInfo, LayerInfo, Preview } from "../../src/wire/map.ts";
import type { MessageStep, PlaceRadios, RadioMessage, Route } from "../../src/wire/messages.ts";
import type { ObjectParser, ValueOf } from "../../src/wire/parser.ts";
import type {
  Leg,
  Member,
  PatrolDocument,
  PlanConflict,
  Rendezvous,
  Seal,
  Shift,
  Signature,
} from "../../src/wire/patrols.ts";
import type { MessageReception, RadioInquiry, TechnicianMessage } from "../../src/wire/radios.ts";
import type { Reel, ReplayTotals, ReplayUnit, UnitTotals } from "../../src/wire/replay.ts";
import type { Job, PatrolChoice, ReportKind, Schedule } from "../../src/wire/reports.ts";
import type * as Sent from "../../src/wire/schemas.ts";
import type {
  Along,
  Checked,
  Detection,
  Fault,
  Lie,
  Limits,
  Overlap,
  PastVersion,
  SectorDetails,
  SectorDocument,
  Stretch,
  Transit,
} from "../../src/wire/sectors.ts";
import type { AgencyInfo, Problem, ReadingToken, Session } from "../../src/wire/session.ts";
import type { Address, Fix, TrackProperties, UnitRecord, UnitState } from "../../src/wire/units.ts";

type Fields<P> = P extends ObjectParser<infer F> ? F : never;
/**
 * `"refused"` where something of `S` is sent that a value of type `V` cannot be, else never. Where the schema says any
 * text, the words that a page knows are enough of it, and any value where it says nothing.
 */
type Refused<V, S> = unknown extends V
  ? never
  : unknown extends S
    ? never
    : S extends null | undefined
      ? never
      : string extends S
        ? RefusedIf<Extract<V, string>>
        : S extends readonly (infer I)[]
          ? Extract<V, readonly unknown[]> extends readonly (infer J)[]
            ? RefusedIf<Extract<V, readonly unknown[]>> | Refused<J, I>
            : never
          : S extends object
            ? RefusedIf<Extract<V, object>> | RefusedFields<Extract<V, object>, S>
            : S extends V
              ? never
              : "refused";
type RefusedFields<V, S> = V extends unknown
  ? { [K in keyof V]-?: K extends keyof S ? Refused<V[K], S[K]> : never }[keyof V]
  : never;
type RefusedIf<Found> = [Found] extends [never] ? "refused" : never;
type TakesAbsence<F> = F extends { isOptional: true } | { hasDefault: true } ? true : false;
type TakesNull<F> = F extends { isNullable: true } ? true : TakesAbsence<F>;

/** The name of a field where the parser refuses something that is sent, or knows what is never sent. */
type FieldFault<F, S, K extends keyof F> = K extends keyof S
  ? [Refused<ValueOf<F[K]>, S[K]>] extends [never]
    ? undefined extends S[K]
      ? FaultUnless<TakesAbsence<F[K]>, K>
      : null extends S[K]
        ? FaultUnless<TakesNull<F[K]>, K>
        : never
    : K
  : K;
type FaultUnless<Is, K> = Is extends true ? never : K;
type Faults<P, S> = { [K in keyof Fields<P>]: FieldFault<Fields<P>, S, K> }[keyof Fields<P>];
type Sound<_F extends never> = true;

export type Compared = [
  Sound<Faults<typeof Token, Sent.Token>>,
  Sound<Faults<typeof PushBrowser, Sent.Browser>>,
  Sound<Faults<typeof DeliveryTestResult, Sent.DeliveryTestResult>>,
  Sound<Faults<typeof Device, Sent.Device>>,
  Sound<Faults<typeof DeviceKey, Sent.DeviceKey>>,
  Sound<Faults<typeof FactorState, Sent.FactorState>>,
  Sound<Faults<typeof FactorSetUp, Sent.FactorSetUp>>,
  Sound<Faults<typeof User, Sent.User>>,
  Sound<Faults<typeof SignInLink, Sent.SignInLink>>,
  Sound<Faults<typeof PasskeyInfo, Sent.PasskeyInfo>>,
  Sound<Faults<typeof PasskeyState, Sent.PasskeyState>>,
  Sound<Faults<typeof ProtectedReader, Sent.ProtectedReader>>,
  Sound<Faults<typeof SignedEnd, Sent.SignedEnd>>,
  Sound<Faults<typeof LegalHold, Sent.LegalHold>>,
  Sound<Faults<typeof Mention, Sent.Mention>>,
  Sound<Faults<typeof Mentions, Sent.Mentions>>,
  Sound<Faults<typeof ProtectedWords, Sent.ProtectedWords>>,
  Sound<Faults<typeof ReaderList, Sent.ProtectedReaders>>,
  Sound<Faults<typeof Original, Sent.Original>>,
  Sound<Faults<typeof ClockDoubt, Sent.ClockDoubt>>,
  Sound<Faults<typeof GatewayHealth, Sent.GatewayHealth>>,
  Sound<Faults<typeof ChannelHealth, Sent.ChannelHealth>>,
  Sound<Faults<typeof PluginHealth, Sent.PluginHealth>>,
  Sound<Faults<typeof Claim, Sent.Claim>>,
  Sound<Faults<typeof RejectedFrame, Sent.FrameRejection>>,
  Sound<Faults<typeof CardAgency, Sent.CardAgency>>,
  Sound<Faults<typeof NodeCard, Sent.NodeCard>>,
  Sound<Faults<typeof ShownCard, Sent.ShownCard>>,
  Sound<Faults<typeof Counterpart, Sent.Counterpart>>,
  Sound<Faults<typeof CounterpartLink, Sent.CounterpartLinkHealth>>,
  Sound<Faults<typeof CounterpartLog, Sent.LogHealth>>,
  Sound<Faults<typeof FileReport, Sent.FileReport>>,
  Sound<Faults<typeof WrittenFile, Sent.WrittenFile>>,
  Sound<Faults<typeof CounterpartDigits, Sent.CounterpartDigits>>,
  Sound<Faults<typeof CoverageSums, Sent.Coverage>>,
  Sound<Faults<typeof RiverBin, Sent.RiverBin>>,
  Sound<Faults<typeof SectorHeat, Sent.SectorHeat>>,
  Sound<Faults<typeof HeatReport, Sent.HeatReport>>,
  Sound<Faults<typeof CrewPatrol, Sent.CrewPatrol>>,
  Sound<Faults<typeof CrewSector, Sent.CrewSector>>,
  Sound<Faults<typeof CrewText, Sent.CrewText>>,
  Sound<Faults<typeof CrewPhrase, Sent.CrewPhrase>>,
  Sound<Faults<typeof CrewNow, Sent.CrewStatus>>,
  Sound<Faults<typeof Took, Sent.ReportsOutcome>>,
  Sound<Faults<typeof Alert, Sent.Alert>>,
  Sound<Faults<typeof Sighting, Sent.Sighting>>,
  Sound<Faults<typeof Landing, Sent.Landing>>,
  Sound<Faults<typeof Prediction, Sent.Prediction>>,
  Sound<Faults<typeof Target, Sent.Target>>,
  Sound<Faults<typeof HandOff, Sent.HandOff>>,
  Sound<Faults<typeof OfficerWord, Sent.PartySignature>>,
  Sound<Faults<typeof Terms, Sent.Terms>>,
  Sound<Faults<typeof Agreement, Sent.Agreement>>,
  Sound<Faults<typeof Sector, Sent.Sector>>,
  Sound<Faults<typeof ListedIncident, Sent.Incident>>,
  Sound<Faults<typeof Incident, Sent.Incident>>,
  Sound<Faults<typeof Patrol, Sent.Patrol>>,
  Sound<Faults<typeof Mark, Sent.Mark>>,
  Sound<Faults<typeof EnrolmentCode, Sent.EnrolmentCode>>,
  Sound<Faults<typeof EnrolmentInfo, Sent.EnrolmentInfo>>,
  Sound<Faults<typeof EnrolledPhone, Sent.EnrolledPhone>>,
  Sound<Faults<typeof PhoneTrust, Sent.PhoneTrust>>,
  Sound<Faults<typeof LayerInfo, Sent.Layer>>,
  Sound<Faults<typeof BasemapInfo, Sent.BasemapInfo>>,
  Sound<Faults<typeof Preview, Sent.Preview>>,
  Sound<Faults<typeof MessageStep, Sent.MessageStep>>,
  Sound<Faults<typeof RadioMessage, Sent.Message>>,
  Sound<Faults<typeof Route, Sent.Route>>,
  Sound<Faults<typeof PlaceRadios, Sent.PlaceRadios>>,
  Sound<Faults<typeof Member, Sent.Member>>,
  Sound<Faults<typeof Leg, Sent.Leg>>,
  Sound<Faults<typeof Rendezvous, Sent.Rendezvous>>,
  Sound<Faults<typeof Signature, Sent.Signature>>,
  Sound<Faults<typeof PatrolDocument, Sent.Patrol>>,
  Sound<Faults<typeof PlanConflict, Sent.PlanConflict>>,
  Sound<Faults<typeof Seal, Sent.Seal>>,
  Sound<Faults<typeof Shift, Sent.Shift>>,
  Sound<Faults<typeof MessageReception, Sent.MessageReception>>,
  Sound<Faults<typeof TechnicianMessage, Sent.TechnicianMessage>>,
  Sound<Faults<typeof RadioInquiry, Sent.RadioInquiry>>,
  Sound<Faults<typeof ReplayUnit, Sent.ReplayUnit>>,
  Sound<Faults<typeof Reel, Sent.Reel>>,
  Sound<Faults<typeof UnitTotals, Sent.UnitTotals>>,
  Sound<Faults<typeof ReplayTotals, Sent.ReplayTotals>>,
  Sound<Faults<typeof ReportKind, Sent.ReportKind>>,
  Sound<Faults<typeof Job, Sent.Job>>,
  Sound<Faults<typeof Schedule, Sent.ScheduleStatus>>,
  Sound<Faults<typeof PatrolChoice, Sent.Patrol>>,
  Sound<Faults<typeof Stretch, Sent.RiverStretch>>,
  Sound<Faults<typeof Limits, Sent.SectorLimits>>,
  Sound<Faults<typeof Detection, Sent.Detection>>,
  Sound<Faults<typeof Transit, Sent.Transit>>,
  Sound<Faults<typeof SectorDocument, Sent.Sector>>,
  Sound<Faults<typeof Along, Sent.RiverExtent>>,
  Sound<Faults<typeof Lie, Sent.SectorDetails>>,
  Sound<Faults<typeof SectorDetails, Sent.SectorDetails>>,
  Sound<Faults<typeof PastVersion, Sent.PastVersion>>,
  Sound<Faults<typeof Fault, Sent.DrawingFault>>,
  Sound<Faults<typeof Overlap, Sent.Overlap>>,
  Sound<Faults<typeof Checked, Sent.DrawingCheck>>,
  Sound<Faults<typeof Session, Sent.SessionInfo>>,
  Sound<Faults<typeof AgencyInfo, Sent.Agency>>,
  Sound<Faults<typeof ReadingToken, Sent.ReadingToken>>,
  Sound<Faults<typeof Problem, Sent.Problem>>,
  Sound<Faults<typeof Address, Sent.Address>>,
  Sound<Faults<typeof Fix, Sent.Fix>>,
  Sound<Faults<typeof UnitState, Sent.UnitState>>,
  Sound<Faults<typeof UnitRecord, Sent.Unit>>,
  Sound<Faults<typeof TrackProperties, Sent.TrackProperties>>,
];

test("every parser of an answer is compared with what is sent", () => {
  const compared = readFileSync(new URL(import.meta.url), "utf8");
  const folder = new URL("../../src/wire/", import.meta.url);
  for (const file of readdirSync(folder)) {
    for (const [, name] of readFileSync(new URL(file, folder), "utf8").matchAll(/^export const (\w+) = object\(/gm))
      assert.ok(compared.includes(`Faults<typeof ${name}, `), `${file}: ${name} stands in no line of Compared`);
  }
});
