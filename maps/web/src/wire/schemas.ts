/**
 * Types of what the server sends, answers and frames of the live stream, written by
 * `python -m tests.wire_types`: not to be changed by hand. A parser of this folder may know fewer
 * fields.
 */
export type PlaceKind = "marks" | "targets" | "sectors";

export interface AcceptedOffer {
  term: number;
}
export interface ActToSign {
  options: {
    [k: string]: unknown;
  };
  nonce: string;
  text: string;
}
export interface Address {
  river?: string | null;
  km?: number | null;
  bank?: ("left" | "mid" | "right") | null;
  offset_m?: number | null;
  error_m?: number | null;
  km_error_share?: number | null;
  reach?: string | null;
  golden_triangle_km?: number | null;
  also?: string[];
  country?: string | null;
  neighbour?: string | null;
  border_m?: number | null;
  border_error_m?: number | null;
  side_sure?: boolean;
}
export interface Agency {
  id: string;
  name: string;
  country: string | null;
  blos: string[];
  node: string;
}
export interface Agreement {
  kind: "agreement";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  agencies: string[];
  terms: Terms;
  terms_version?: number;
  state?: "active" | "draft" | "ended" | "expired" | "proposed" | "suspended";
  proposed_at?: string | null;
  signatures?: PartySignature[];
  consents?: Consent[];
  windows?: Window[];
  ended_by?: string;
  reason?: string;
  by_agency?: string;
  key?: KeySignature | null;
  text_number?: number;
  replaced_text?: string;
  words?: AgreementWord[];
  before_words?: EarlierConsents | null;
}
export interface Terms {
  name: string;
  purposes: string[];
  classes: (
    | "alerts"
    | "distress"
    | "duty_contact"
    | "incidents"
    | "marks"
    | "patrols"
    | "positions"
    | "sectors"
    | "targets"
    | "texts"
    | "tracks"
  )[];
  valid_from: string;
  valid_until: string;
  corridor?: Corridor | null;
  hours?: Hours | null;
  only_joint_patrols?: boolean;
  precision_m?: number;
  delay_s?: number;
  answer_within_s?: number;
  incidents_at_once?: boolean;
  keep_days?: number | null;
  freshness_s?: number;
  hidden_after_s?: number | null;
  legal_basis?: string;
  approvals?: Approval[];
  languages?: string[];
  prevailing_language?: string;
}
export interface Corridor {
  river: string;
  km_from: number;
  km_to: number;
  from_river_m: number;
  from_border_m?: number | null;
  rings?: never[][][];
}
export interface Hours {
  time_zone: string;
  start?: number;
  end?: number;
  days?: ("fri" | "mon" | "sat" | "sun" | "thu" | "tue" | "wed")[];
}
export interface Approval {
  agency: string;
  authority: string;
  number?: string;
  file_sha256?: string;
}
export interface PartySignature {
  agency: string;
  at: string;
  office?: string;
  by?: string;
  key?: KeySignature | null;
}
export interface KeySignature {
  text: string;
  nonce: string;
  label?: string;
  credential: string;
  public_key: string;
  rp_id: string;
  origin: string;
  authenticator_data: string;
  client_data: string;
  signature: string;
}
export interface Consent {
  agency: string;
  given: boolean;
  at: string;
  reason?: string;
  by?: string;
  also?: (
    | "alerts"
    | "distress"
    | "duty_contact"
    | "incidents"
    | "marks"
    | "patrols"
    | "positions"
    | "sectors"
    | "targets"
    | "texts"
    | "tracks"
  )[];
  key?: KeySignature | null;
}
export interface Window {
  agency: string;
  data_class:
    | "alerts"
    | "distress"
    | "duty_contact"
    | "incidents"
    | "marks"
    | "patrols"
    | "positions"
    | "sectors"
    | "targets"
    | "texts"
    | "tracks";
  start: string;
  end?: string | null;
  backfill?: boolean;
}
export interface AgreementWord {
  content: OfficerAct;
  at: string;
  by?: string;
  key?: KeySignature | null;
}
export interface OfficerAct {
  act: ("backfill" | "change" | "end" | "resume" | "sign" | "suspend") | "propose";
  agreement: string;
  agencies: string[];
  agency: string;
  terms_sha256: string;
  terms_version: number;
  office?: string;
  reason?: string;
  also?: (
    | "alerts"
    | "distress"
    | "duty_contact"
    | "incidents"
    | "marks"
    | "patrols"
    | "positions"
    | "sectors"
    | "targets"
    | "texts"
    | "tracks"
  )[];
  start?: string | null;
  end?: string | null;
  classes?: (
    | "alerts"
    | "distress"
    | "duty_contact"
    | "incidents"
    | "marks"
    | "patrols"
    | "positions"
    | "sectors"
    | "targets"
    | "texts"
    | "tracks"
  )[];
  text_sha256?: string;
  counter?: number;
}
export interface EarlierConsents {
  at: string;
  signatures?: PartySignature[];
  consents?: Consent[];
  windows?: Window[];
}
export interface AgreementReason {
  passkey?: SignedByPasskey | null;
  reason: string;
}
export interface SignedByPasskey {
  credential: string;
  client_data: string;
  authenticator_data?: string;
  signature?: string;
  attestation?: string;
  nonce: string;
}
export interface AgreementResumption {
  passkey?: SignedByPasskey | null;
  reason?: string;
  backfill?: PastStretch | null;
}
export interface PastStretch {
  start: string;
  end: string;
  classes: (
    | "positions"
    | "tracks"
    | "sectors"
    | "patrols"
    | "alerts"
    | "targets"
    | "incidents"
    | "texts"
    | "marks"
    | "distress"
    | "duty_contact"
  )[];
}
export interface Alert {
  kind: "alert";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  rule: string;
  subject: string;
  severity: "high" | "low" | "medium" | "sos";
  raised_at: string;
  state?:
    | "acknowledged"
    | "escalated"
    | "raised"
    | "resolved"
    | "returned_acknowledged"
    | "returned_unacknowledged"
    | "settled"
    | "shelved"
    | "shelved_returned"
    | "withdrawn";
  historical?: boolean;
  unit?: string | null;
  lon?: number | null;
  lat?: number | null;
  place?: string;
  facts?: {
    [k: string]: string | number | boolean;
  };
  rings_since?: string | null;
  returned_at?: string | null;
  count?: number;
  level?: number;
  told?: ("admin" | "commander" | "crew" | "liaison" | "observer" | "planner" | "technician")[];
  escalates_at?: string | null;
  acknowledged_at?: string | null;
  acknowledged_by?: string;
  acknowledged_where?: string;
  shelved_until?: string | null;
  shelved_by?: string;
  resolved_at?: string | null;
  resolved_by?: string;
  note?: string;
}
export interface AlertAcknowledgement {
  where?: string;
}
export interface AlertAcknowledgements {
  ids: string[];
  where?: string;
}
export interface AlertDelivery {
  kind: "delivery";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  rule: string;
  way: string;
  to: string;
  alert: string;
  alert_version: number;
  severity: string;
  occasion: string;
  expires_at: string;
  user?: string;
  state?: string;
  settled_at?: string | null;
  attempts?: number;
  fault?: string;
  message?: string;
  together?: number;
}
export interface AlertShelving {
  until?: string | null;
  minutes?: number | null;
  reason?: string;
}
export interface AlertsAcknowledged {
  acknowledged?: Alert[];
  left?: UnchangedAlert[];
}
export interface UnchangedAlert {
  id: string;
  why: string;
}
export interface Amount {
  km: number;
  hours: number;
}
export interface Annex {
  agency: string;
  text: string;
  at: string;
  by?: string;
}
export interface AnnexForm {
  text: string;
}
export interface ArrestCount {
  count: number;
  nationality?: string;
}
export interface Assignment {
  id: string;
  address: string;
  unit: string;
  start: string;
  channel: string | null;
  end: string | null;
  agency: string;
  origin: string;
}
export interface AssignmentEnd {
  end?: string | null;
}
export interface Base {
  lon: number;
  lat: number;
  radius_m: number;
}
export interface BaseForm {
  lon: number;
  lat: number;
  radius_m?: number;
}
export interface BasemapInfo {
  title: string;
  kind: "raster" | "vector";
  schema: "openmaptiles" | "protomaps" | "unknown";
  min_zoom: number;
  max_zoom: number;
  bounds: never[];
  attribution: string;
  layers: string[];
  version: string;
}
export interface Beat {
  type: "beat";
  seq: number;
  time: string;
}
export interface Browser {
  id: string;
  label: string;
  since: string;
}
export interface BrowserKeys {
  p256dh: string;
  auth: string;
}
export interface CancelledShift {
  version: number;
  reason?: string;
}
export interface CardAgency {
  id: string;
  name: string;
  country: string;
}
export interface CardForm {
  card: string;
}
export interface CaseStep {
  seq: number;
  at: string;
  act: string;
  by?: string;
  term: number;
  holder?: string;
  hand_off?: string;
}
export interface Change {
  type: "change";
  seq: number;
  time: string;
  fixes?: Fix[];
  tables?: FixTable[];
  units?: UnitState[];
  forget?: string[];
  channels?: ChannelHealth[];
  claims?: Claim[];
  papers?: unknown[];
}
export interface Fix {
  of: string;
  lon: number;
  lat: number;
  time: string;
  live?: boolean;
  speed_mps?: number | null;
  course_deg?: number | null;
  heading_deg?: number | null;
  accuracy_m?: number | null;
  altitude_m?: number | null;
  river_km?: number | null;
  bank?: string | null;
  place?: Address | null;
  flags?: string[];
  typical_accuracy_m?: number;
}
export interface FixTable {
  rows: unknown[][];
  same?: {
    [k: string]: unknown;
  };
  places?: WireTable | null;
}
export interface WireTable {
  rows: unknown[][];
  same?: {
    [k: string]: unknown;
  };
}
export interface UnitState {
  id: string;
  call_sign: string;
  agency: string;
  kind?: ("boat" | "fixed" | "foot" | "handheld" | "vehicle") | null;
  country?: string | null;
  known?: boolean;
  person?: boolean;
  liveness?: "cut" | "late" | "live" | "lost" | "never";
  cut_by?: string[];
  expected_interval_s?: number | null;
  last?: Fix | null;
  heard_at?: string | null;
  addresses?: string[];
  distress?: boolean;
  by_voice?: boolean;
  status?: string | null;
  text?: string | null;
  text_at?: string | null;
  phrase?: string | null;
  phrase_at?: string | null;
  flags?: string[];
}
export interface ChannelHealth {
  name: string;
  url: string;
  protocols: string[];
  state: "down" | "open" | "opening" | "silent" | "stopped";
  since: string;
  fault: string | null;
  last_heard_at: string | null;
  expected_interval_s: number | null;
  bytes_read: number;
  frames: number;
  transmissions: number;
  junk_bytes: number;
  shed: number;
  reconnects: number;
  errors: {
    [k: string]: number;
  };
  journal_fault: string | null;
  journal_missed: number;
  orders: string[];
  refuses: Refusal | null;
  gateway: GatewayHealth | null;
  clock: ClockDoubt | null;
  inbox: number;
  overreach: Overreach | null;
}
export interface Refusal {
  reason: string;
  detail: string;
}
export interface GatewayHealth {
  gateway: string;
  told_at: string;
  channels: ChannelHealth[];
  uplink: "down" | "open" | "opening" | "silent" | "stopped";
  uplink_fault: string | null;
  unanswered_s: number | null;
  waiting: number;
  waiting_bytes: number;
  oldest_waiting_at: string | null;
  sent: number;
  receipted: number;
  dropped: {
    [k: string]: number;
  };
  refused: number;
  damaged: number;
  spool_fault: string | null;
  answers: string;
  count: number;
  rejected: RejectedFrame[];
  clock: ClockDoubt | null;
  inbox: number;
}
export interface RejectedFrame {
  channel: string;
  heard_at: string;
  reason: string;
  detail: string;
  payload: string;
  topic: string | null;
  source: string | null;
}
export interface ClockDoubt {
  kind: "differs" | "gateway" | "set";
  by_s: number;
  at: string;
  followed: boolean;
  radios: number;
}
export interface Overreach {
  since: string;
  fault: string;
}
export interface Claim {
  address: string;
  channel: string;
  agency: string;
  since: string;
  unit?: string | null;
  bound?: string | null;
  distance_m?: number | null;
  ended?: boolean;
}
export interface ChangedMark {
  name?: string | null;
  use?: ("place" | "waypoint" | "meeting_point" | "hazard" | "route" | "area") | null;
  remarks?: string | null;
  ends_at?: string | null;
}
export interface ChangedTarget {
  name?: string | null;
  description?: string | null;
  patrol?: string | null;
  informants?: string[] | null;
  witnesses?: string[] | null;
  private_note?: string | null;
}
export interface ChangedTerms {
  passkey?: SignedByPasskey | null;
  terms: NewTerms;
  reason?: string;
}
export interface NewTerms {
  name: string;
  purposes?: string[];
  classes: (
    | "positions"
    | "tracks"
    | "sectors"
    | "patrols"
    | "alerts"
    | "targets"
    | "incidents"
    | "texts"
    | "marks"
    | "distress"
    | "duty_contact"
  )[];
  valid_from: string;
  valid_until: string;
  corridor?: NewCorridor | null;
  hours?: NewHours | null;
  only_joint_patrols?: boolean;
  precision_m?: number;
  delay_s?: number;
  answer_within_s?: number;
  incidents_at_once?: boolean;
  keep_days?: number | null;
  freshness_s?: number;
  hidden_after_s?: number | null;
  legal_basis?: string;
  approvals?: NewApproval[];
  languages?: string[];
  prevailing_language?: string | null;
}
export interface NewCorridor {
  river: string;
  km_from: number;
  km_to: number;
  from_river_m: number;
  from_border_m?: number | null;
}
export interface NewHours {
  time_zone: string;
  start?: string;
  end?: string;
  days?: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
}
export interface NewApproval {
  agency: string;
  authority: string;
  number?: string;
  file_sha256?: string;
}
export interface CheckIn {
  unit: string;
  agency: string;
  at: string;
  note?: string;
  apart?: boolean;
}
export interface CheckInForm {
  unit: string;
  note?: string;
  at?: string | null;
}
export interface ClockDifference {
  difference_s: number;
  error_s: number;
  measured_at: string;
}
export interface CloseName {
  address: string;
  name?: string | null;
}
export interface ClosedTarget {
  outcome: "arrested" | "seized" | "turned back" | "cleared" | "lost" | "handed over" | "other";
  note?: string;
}
export interface CollectionInfo {
  id: string;
  title: string;
  description: string;
  links: OgcLink[];
  extent: Extent;
  itemType: string;
  crs: string[];
  storageCrs: string;
}
export interface OgcLink {
  href: string;
  rel: string;
  type: string;
  title?: string;
}
export interface Extent {
  spatial?: Spatial;
  temporal?: Temporal;
}
export interface Spatial {
  bbox: never[][];
  crs: string;
}
export interface Temporal {
  interval: never[][];
  trs: string;
}
export interface Collections {
  links: OgcLink[];
  collections: CollectionInfo[];
  crs: string[];
}
export interface ComparedDigits {
  digits: string;
}
export interface Conformance {
  conformsTo: string[];
}
export interface Counterpart {
  kind: "counterpart";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  card: NodeCard;
  signature: string;
  previous_signature?: string;
  own_agencies?: string[];
  state?: "compared" | "confirmed" | "proposed" | "revoked";
  digits?: string;
  compared_by?: string;
  compared_at?: string | null;
  confirmed_by?: string;
  confirmed_at?: string | null;
  revoked_by?: string;
  revoked_at?: string | null;
  reason?: string;
}
export interface NodeCard {
  node: string;
  name: string;
  agencies: CardAgency[];
  signing_key: string;
  tls_certificate: string;
  addresses: string[];
  number: number;
  at: string;
}
export interface CounterpartDigits {
  digits: string;
  card_number: number;
  own_card_number: number;
}
export interface CounterpartLinkHealth {
  node: string;
  is_open: boolean;
  since: string;
  direction: "dialed" | "listening" | "none";
  address: string;
  last_word_at: string | null;
  clock: ClockDifference | null;
  software: string;
  kinds: string[];
  fault: string | null;
  fault_since: string | null;
  refused: number;
  refused_last: string | null;
  refused_at: string | null;
  refused_by_them: string | null;
  refused_by_them_at: string | null;
}
export interface Coverage {
  whole: number;
  seen: number;
  share: number;
  first: string | null;
  last: string | null;
  seen_hours: number;
  unit_hours: number;
}
export interface CoverageReport {
  start: string;
  end: string;
  radius_m: number;
  units: string[];
  seen: Coverage;
  stretches?: Stretch[] | null;
  line_error_m?: number | null;
  cells?: {
    [k: string]: unknown;
  } | null;
}
export interface Stretch {
  km_from: number;
  km_to: number;
  last: string | null;
  hours: number;
}
export interface Credit {
  agency: string;
  country?: string | null;
  agreed?: boolean | null;
}
export interface CreditAnswer {
  agrees: boolean;
}
export interface CrewMember {
  id: string;
  call_sign: string;
}
export interface CrewPatrol {
  id: string;
  name: string;
  state: "cancelled" | "draft" | "ended" | "proposed" | "ready" | "signed" | "under way";
  starts_at: string;
  ends_at: string;
  check_in_interval_s: number | null;
  next_check_in_at: string | null;
  check_in_by_message: boolean;
  sectors: string[];
  units: CrewMember[];
}
export interface CrewPhrase {
  code: string;
  language?: string | null;
  text?: string | null;
  topic?: string | null;
}
export interface CrewSector {
  id: string;
  name: string;
  use: "fishing_ban" | "no_go" | "patrol" | "reach" | "rendezvous" | "restricted";
  agency: string;
  polygon: never[][][];
}
export interface CrewStatus {
  server_time: string;
  node: Node;
  agency: string;
  user: string | null;
  device: string | null;
  unit: CrewUnit | null;
  patrols: CrewPatrol[];
  sectors: CrewSector[];
  texts: CrewText[];
  phrases: CrewPhrase[];
}
export interface Node {
  id: string;
  name: string;
  time_zone: string;
  second_person: boolean;
}
export interface CrewUnit {
  id: string;
  call_sign: string;
  kind: "boat" | "fixed" | "foot" | "handheld" | "vehicle";
  distress: boolean;
}
export interface CrewText {
  id: string;
  at: string;
  from: string;
  text: string | null;
  phrase: string | null;
  read_at: string | null;
}
export interface DeclinedOffer {
  term: number;
  reason?: string;
}
export interface DeepestPoint {
  lon: number;
  lat: number;
  border_m: number;
}
export interface DeliveryTestResult {
  to: string;
  ok: boolean;
  fault: string;
}
export interface Detection {
  detected: "after" | "inside" | "maybe" | "vague";
  units: number;
  shortest_s: number;
  longest_s: number;
  accuracy_m: number;
}
export interface Device {
  name: string;
  agency: string;
  origin: string;
  revoked_at: string | null;
  kind: "phone" | "tracker";
  unit: string | null;
  by: string;
}
export interface DeviceKey {
  name: string;
  key: string;
}
export interface DrawingCheck {
  faults: DrawingFault[];
  usable: boolean;
  suggestion?: SectorShape | null;
  outline?: {
    [k: string]: unknown;
  } | null;
  area_km2?: number | null;
  along?: RiverExtent[];
  countries?: {
    [k: string]: DeepestPoint;
  };
  overlaps?: Overlap[];
  transit?: Transit | null;
}
export interface DrawingFault {
  code: string;
  message: string;
  part: number;
  ring: number | null;
  vertex: number | null;
  crosses: number | null;
  lon: number | null;
  lat: number | null;
  only_warns: boolean;
}
export interface SectorShape {
  polygon?: {
    [k: string]: unknown;
  } | null;
  stretch?: RiverStretch | null;
}
export interface RiverStretch {
  river: string;
  km_from: number;
  km_to: number;
  width_m: number;
}
export interface RiverExtent {
  river: string;
  km_from: number;
  km_to: number;
  length_km: number;
}
export interface Overlap {
  message: string;
  sector: string;
  name: string;
  use: "fishing_ban" | "no_go" | "patrol" | "reach" | "rendezvous" | "restricted";
  agency: string;
  lon: number;
  lat: number;
  place: string;
}
export interface Transit {
  length_m: number;
  across: boolean;
  speed_mps: number;
  detections?: Detection[];
  too_seldom?: number;
}
export interface DrawnShape {
  polygon?: {
    [k: string]: unknown;
  } | null;
  stretch?: StretchForm | null;
  use?: "patrol" | "no_go" | "rendezvous" | "fishing_ban" | "restricted" | "reach";
  sector?: string | null;
  limits?: LimitsForm | null;
}
export interface StretchForm {
  river: string;
  km_from: number;
  km_to: number;
  width_m: number;
}
export interface LimitsForm {
  whose?: "all" | "units" | "others";
  loitering_s?: number | null;
  loitering_within_m?: number;
  meeting_s?: number | null;
  meeting_within_m?: number;
  stay_s?: number | null;
  speed_mps?: number | null;
}
export interface DutyContact {
  kind: "duty_contact";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  office?: string;
  name?: string;
  phone?: string;
  radio?: string;
  languages?: string[];
  shift?: string;
  withdrawn_at?: string | null;
}
export interface Effort {
  km: number;
  along_river_km: number;
  hours: number;
  gap_hours: number;
  positions: number;
  sides: {
    [k: string]: Amount;
  };
  unsure_between: {
    [k: string]: Amount;
  };
  sectors: {
    [k: string]: Amount;
  };
  outside_sectors: Amount;
}
export interface EffortReport {
  start: string;
  end: string;
  units: UnitEffort[];
  by_country: {
    [k: string]: Effort;
  };
  total: Effort;
}
export interface UnitEffort {
  unit: string;
  call_sign: string;
  effort: Effort;
  country?: string | null;
  removed?: {
    [k: string]: number;
  };
}
export interface EnrolledPhone {
  device: string;
  unit: string | null;
  agency: string;
  key: string;
  reporting_key: string;
}
export interface EnrolmentCode {
  device: string;
  unit: string | null;
  code: string;
  address: string;
  qr: QrCode;
  expires_at: string;
}
export interface QrCode {
  svg: string;
  png: string;
}
export interface EnrolmentCodeForm {
  code: string;
}
export interface EnrolmentInfo {
  node: string;
  agency: string;
  device: string;
  unit: EnrolmentUnit | null;
  expires_at: string;
}
export interface EnrolmentUnit {
  id: string;
  call_sign: string;
}
export interface EnvelopeFault {
  place: number;
  reason: string;
}
export interface FactorSetUp {
  secret: string;
  address: string;
  qr: QrCode;
}
export interface FactorState {
  confirmed_at: string | null;
  recovery_left: number;
  required: boolean;
  passkeys: number;
}
export interface FeedHealth {
  name: string;
  url: string;
  speaks: string;
  agency: string;
  role: string;
  state: "down" | "open" | "opening" | "stopped";
  since: string;
  fault?: string | null;
  clients?: number | null;
  units?: number;
  untold?: number;
  sent?: number;
  cut_off?: number;
  reconnects?: number;
  heard_back?: number;
}
export interface FileReport {
  node: string;
  made_at: string;
  envelopes: number;
  statements: number;
  new: number;
  held: number;
  missing_from: number;
  missing_to: number;
  refused: RefusedStatement[];
  receipted: number | null;
  faults: EnvelopeFault[];
}
export interface RefusedStatement {
  number: number;
  reason: string;
}
export interface FileWish {
  after?: number | null;
}
export interface FirstCode {
  code: string;
}
export interface FrameRejection {
  channel: string;
  heard_at: string;
  reason: string;
  detail: string;
  hex: string;
  text: string;
  topic?: string | null;
  source?: string | null;
}
export interface GatewayReport {
  health: GatewayHealth;
  rejected: {
    [k: string]: RejectedFrame[];
  };
}
export interface HandOff {
  kind: "hand_off";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  case: string;
  target: string;
  to: string;
  node?: string;
  to_node?: string;
  office?: string;
  state?: string;
  term: number;
  level?: number;
  offered_at: string;
  escalates_at?: string[];
  lapses_at: string;
  why?: "border" | "demand" | "river";
  what?: ("person" | "vehicle" | "vessel") | null;
  name?: string;
  description?: string;
  fixes?: Sighting[];
  photos?: string[];
  prediction?: Prediction | null;
  note?: string;
  reason?: string;
  answered_by?: string;
  owed?: OwedMessage[];
}
export interface Sighting {
  at: string;
  lon: number;
  lat: number;
  agency?: string;
  accuracy_m?: number | null;
  speed_mps?: number | null;
  course_deg?: number | null;
  unit?: string | null;
  note?: string;
  place?: string;
  river?: string | null;
  km?: number | null;
  bank?: string | null;
  country?: string | null;
  neighbour?: string | null;
  side_sure?: boolean;
  by?: string;
}
export interface Prediction {
  since: string;
  river: string;
  way?: ("down" | "up") | null;
  speed_mps?: number | null;
  track?: PredictedPoint[];
  landing?: Landing | null;
}
export interface PredictedPoint {
  at: string;
  lon: number;
  lat: number;
  km: number;
  error_km: number;
}
export interface Landing {
  by: "course" | "nearest";
  river: string;
  km: number;
  error_km: number;
  lon: number;
  lat: number;
  bank?: string | null;
  eta?: string | null;
  earliest?: string | null;
  latest?: string | null;
}
export interface OwedMessage {
  what: string;
  term: number;
}
export interface HandOver {
  kind: "shift_hand_over";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  office: string;
  given_by: string;
  taken_by: string;
  state: string;
  items?: OpenItem[];
  more?: number;
  note?: string;
  later?: OpenItem[];
  remark?: string;
  acknowledged_at?: string | null;
  acknowledged_by?: string;
}
export interface OpenItem {
  kind: string;
  id: string;
  state: string;
  title: string;
  since: string;
  version?: number;
}
export interface Health {
  status: string;
  time: string;
}
export interface HeatReport {
  start: string;
  end: string;
  radius_m: number;
  units: {
    [k: string]: string;
  };
  river: Coverage;
  bins: RiverBin[];
  sectors: SectorHeat[];
  line_error_m?: number | null;
  unread?: number;
}
export interface RiverBin {
  km_from: number;
  km_to: number;
  share: number;
  last: string | null;
  visits: number;
  hours: number;
}
export interface SectorHeat {
  sector: string;
  name: string;
  agency: string;
  seen: Coverage;
  visits?: number;
  cells?: {
    [k: string]: unknown;
  } | null;
}
export interface HoldingsSearch {
  words: string;
  purpose: string;
}
export interface Hop {
  name: string;
  well: boolean | null;
  says: string;
}
export interface IdentityProof {
  password: string;
}
export interface Incident {
  kind: "incident";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  category:
    | "drugs"
    | "hazardous_waste"
    | "human_trafficking"
    | "migrant_smuggling"
    | "other"
    | "ozone_depleting"
    | "precursors"
    | "timber"
    | "wildlife";
  happened_at: string;
  precision: "day" | "minute" | "month" | "year";
  state?: string;
  cases?: number;
  seizures?: Seizure[];
  arrested?: ArrestCount[];
  people_found?: number;
  vehicles?: Vehicle[];
  lon?: number | null;
  lat?: number | null;
  place?: string;
  place_name?: string;
  patrol?: string;
  credited?: Credit[];
  same_as?: string;
  photos?: string[];
  narrative?: string;
  reason?: string;
  confirmed_by?: string;
}
export interface Seizure {
  what: string;
  amount: number;
  unit:
    | "ampoules"
    | "animals"
    | "bottles"
    | "cylinders"
    | "drums"
    | "g"
    | "kg"
    | "litres"
    | "logs"
    | "m3"
    | "ml"
    | "pieces"
    | "plants"
    | "tablets"
    | "tonnes"
    | "units";
  at_least?: boolean;
}
export interface Vehicle {
  kind: "boat" | "car" | "motorcycle" | "other" | "truck";
  count?: number;
  description?: string;
}
export interface IncidentArrest {
  count: number;
  nationality?: string;
}
export interface IncidentCorrection {
  cases?: number;
  seizures?: IncidentSeizure[];
  arrested?: IncidentArrest[];
  people_found?: number;
  vehicles?: IncidentVehicle[];
  lon?: number | null;
  lat?: number | null;
  place_name?: string;
  patrol?: string;
  credited?: string[];
  same_as?: string;
  photos?: string[];
  narrative?: string;
  names?: string;
  informants?: string;
  witnesses?: string;
  victims?: string;
  version: number;
  reason?: string;
  category?:
    | (
        | "drugs"
        | "precursors"
        | "human_trafficking"
        | "migrant_smuggling"
        | "timber"
        | "wildlife"
        | "hazardous_waste"
        | "ozone_depleting"
        | "other"
      )
    | null;
  when?: string | null;
}
export interface IncidentSeizure {
  what: string;
  amount: number;
  unit:
    | "kg"
    | "g"
    | "tonnes"
    | "litres"
    | "ml"
    | "m3"
    | "tablets"
    | "bottles"
    | "ampoules"
    | "plants"
    | "logs"
    | "animals"
    | "pieces"
    | "cylinders"
    | "drums"
    | "units";
  at_least?: boolean;
}
export interface IncidentVehicle {
  kind: "boat" | "car" | "truck" | "motorcycle" | "other";
  count?: number;
  description?: string;
}
export interface IncidentOfMark {
  category:
    | "drugs"
    | "precursors"
    | "human_trafficking"
    | "migrant_smuggling"
    | "timber"
    | "wildlife"
    | "hazardous_waste"
    | "ozone_depleting"
    | "other";
  narrative?: string;
}
export interface IncidentStep {
  version: number;
}
export interface IncidentWithdrawal {
  version: number;
  reason: string;
}
export interface Job {
  id: string;
  report: string;
  format: string;
  asked_at: string;
  state?: "failed" | "made" | "making" | "waiting";
  progress?: number;
  file?: string;
  bytes?: number;
  fault?: string;
}
export interface JournalLine {
  seq: number;
  at: string;
  act: string;
  actor: string;
  agency: string;
  subject: string;
  detail: {
    [k: string]: unknown;
  };
  origin: string;
  previous: string;
  hash: string;
}
export interface JournalPage {
  lines: JournalLine[];
  before?: number | null;
}
export interface LandingPage {
  title: string;
  description: string;
  links: OgcLink[];
}
export interface Layer {
  name: string;
  title: string;
  source?: string | null;
  licence?: string | null;
  error?: string | null;
  error_m?: number | null;
  attribution?: string | null;
}
export interface LeaseHealth {
  agreement: string;
  agency: string;
  state: "fresh" | "hidden" | "stale";
  last_word_at: string | null;
  fresh_until: string | null;
  hidden_from: string | null;
}
export interface Leg {
  name: string;
  starts_at: string;
  ends_at: string;
  lead?: string | null;
  sectors?: string[];
}
export interface LegForm {
  name: string;
  starts_at: string;
  ends_at: string;
  lead?: string | null;
  sectors?: string[];
}
export interface LegalHold {
  kind: "legal_hold";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  kind_held: "agency" | "alert" | "hand_off" | "incident" | "patrol" | "target" | "unit";
  id_held: string;
  name?: string;
  reason: string;
  set_at: string;
  set_by: string;
  released_at?: string | null;
  release_reason?: string;
}
export interface LineString {
  type: "LineString";
  coordinates: never[][];
}
export interface LinkSignIn {
  token: string;
  code?: string | null;
}
export interface LogEntry {
  kind: "log_entry";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  text: string;
  happened_at: string;
  office?: string;
  about?: string;
  corrects?: string;
}
export interface LogHealth {
  node: string;
  epoch: number;
  their_epoch: number;
  fork: string;
  forked_at: string | null;
  sent: number;
  waiting: number;
  waiting_since: string | null;
  receipted: number;
  receipted_at: string | null;
  held: number;
  held_at: string | null;
  announced: number;
  said_at: string | null;
  refused_there: StatementRefusal[];
  refused_here: StatementRefusal[];
  unread_there: number;
  unread_here: number;
  head_number: number;
  head_at: string | null;
}
export interface StatementRefusal {
  number: number;
  kind: string;
  about: string;
  at: string;
  reason: string;
}
export interface LogLine {
  seq: number;
  at: string;
  act: string;
  subject: string;
  agency: string;
  actor?: string;
  typed?: boolean;
  text?: string;
  happened_at?: string | null;
  office?: string;
  about?: string;
  corrects?: string;
  detail?: {
    [k: string]: unknown;
  };
}
export interface LogPage {
  lines: LogLine[];
  before?: number | null;
}
export interface MadeToken {
  token: string;
  known: Token;
}
export interface Token {
  id: string;
  user: string;
  label: string;
  scopes: string[];
  created_at: string | null;
  expires_at: string;
}
export interface Mark {
  kind: "mark";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  name: string;
  use?: "area" | "hazard" | "meeting_point" | "place" | "route" | "waypoint";
  lon: number;
  lat: number;
  path?: number[][];
  closed?: boolean;
  radius_m?: number | null;
  remarks?: string;
  place?: string;
  state?: string;
  marked_at: string;
  ends_at: string;
  ended_at?: string | null;
  end?: ("ended" | "expired" | "taken back") | null;
  unit?: string | null;
  sender?: string;
  address?: string;
  key?: string;
  channel?: string;
  edited?: boolean;
  target?: string;
  incident?: string;
}
export interface MarkedPlace {
  id: string;
  lon?: number | null;
  lat?: number | null;
  name?: string;
  use?: "area" | "hazard" | "meeting_point" | "place" | "route" | "waypoint";
  path?: never[][];
  closed?: boolean;
  radius_m?: number | null;
  remarks?: string;
  ends_at?: string | null;
  deleted?: boolean;
}
export interface Member {
  unit: string;
  agency: string;
  crew?: number | null;
  base?: Base | null;
}
export interface MemberForm {
  unit: string;
  agency: string;
  crew?: number | null;
  base?: BaseForm | null;
}
export interface Mention {
  kind: string;
  id: string;
  fields?: string[];
  name?: string;
  at?: string | null;
}
export interface Mentions {
  found: Mention[];
  more: string[];
}
export interface Message {
  id: string;
  kind: "alert" | "distress" | "mark" | "poll" | "text";
  channel: string;
  operator: string;
  created_at: string;
  expires_at: string;
  state?: "acknowledged" | "cancelled" | "delivered" | "expired" | "failed" | "queued" | "read" | "refused" | "sent";
  unit?: string | null;
  address?: string | null;
  text?: string;
  mark?: MarkedPlace | null;
  reason?: string;
  final?: boolean;
  history?: MessageStep[];
  agency?: string;
  origin?: string;
}
export interface MessageStep {
  state: "acknowledged" | "cancelled" | "delivered" | "expired" | "failed" | "queued" | "read" | "refused" | "sent";
  at: string;
  why?: string;
  detail?: string;
  attempts?: number;
}
export interface MessageReception {
  channel: string;
  gateway: string;
  heard_at: string;
  rssi_dbm?: number | null;
  snr_db?: number | null;
}
export interface Moment {
  said: string;
  at: string;
}
export interface NearbyPlace {
  kind: string;
  id: string;
  name: string;
  distance_km: number;
  error_km: number;
  way?: string | null;
  eta_s?: never[] | null;
}
export interface NewAct {
  act: "sign" | "change" | "suspend" | "resume" | "backfill" | "end";
  office?: string;
  reason?: string;
  also?: ("distress" | "duty_contact")[];
  backfill?: PastStretch | null;
  terms?: NewTerms | null;
}
export interface NewAgreement {
  agencies: string[];
  terms: NewTerms;
}
export interface NewAssignment {
  address: string;
  unit: string;
  start?: string | null;
  end?: string | null;
  channel?: string | null;
}
export interface NewBackfill {
  passkey?: SignedByPasskey | null;
  backfill: PastStretch;
  reason?: string;
}
export interface NewBrowser {
  endpoint: string;
  keys: BrowserKeys;
  label?: string;
}
export interface NewDevice {
  name: string;
}
export interface NewEnrolment {
  device: string;
  unit?: string | null;
}
export interface NewEpoch {
  epoch: number;
}
export interface NewIncident {
  cases?: number;
  seizures?: IncidentSeizure[];
  arrested?: IncidentArrest[];
  people_found?: number;
  vehicles?: IncidentVehicle[];
  lon?: number | null;
  lat?: number | null;
  place_name?: string;
  patrol?: string;
  credited?: string[];
  same_as?: string;
  photos?: string[];
  narrative?: string;
  names?: string;
  informants?: string;
  witnesses?: string;
  victims?: string;
  id?: string | null;
  category:
    | "drugs"
    | "precursors"
    | "human_trafficking"
    | "migrant_smuggling"
    | "timber"
    | "wildlife"
    | "hazardous_waste"
    | "ozone_depleting"
    | "other";
  when: string;
}
export interface NewLegalHold {
  kind: "incident" | "target" | "hand_off" | "patrol" | "alert" | "unit" | "agency";
  id: string;
  reason: string;
}
export interface NewLogEntry {
  text: string;
  happened_at?: string | null;
  office?: string;
  about?: string;
  corrects?: string;
}
export interface NewMark {
  name: string;
  use?: "place" | "waypoint" | "meeting_point" | "hazard" | "route" | "area";
  lon: number;
  lat: number;
  path?: number[][];
  closed?: boolean;
  radius_m?: number | null;
  remarks?: string;
  ends_at?: string | null;
}
export interface NewOffer {
  target: string;
  to?: string | null;
  note?: string;
}
export interface NewOrder {
  reason?: string;
  expires_in_s?: number;
  id?: string | null;
  kind: "distress" | "alert" | "poll" | "text";
  unit?: string | null;
  address?: string | null;
  channel?: string | null;
  text?: string;
  phrase?: string | null;
}
export interface NewPasskey {
  credential: string;
  client_data: string;
  authenticator_data?: string;
  signature?: string;
  attestation?: string;
  label: string;
}
export interface NewPassword {
  present: string;
  new: string;
}
export interface NewPatrol {
  name: string;
  lead?: string | null;
  starts_at: string;
  ends_at: string;
  agencies?: string[] | null;
  members?: MemberForm[] | null;
  sectors?: string[] | null;
  legs?: LegForm[] | null;
  rendezvous?: RendezvousForm[] | null;
  check_in_interval_s?: number | null;
  check_in_grace_s?: number | null;
  check_in_by_message?: boolean | null;
  start_grace_s?: number | null;
  start_by_plan?: boolean | null;
  start_by_movement?: boolean | null;
  end_by_plan?: boolean | null;
  end_by_movement?: boolean | null;
  note?: string | null;
  revision?: number | null;
  reason?: string;
}
export interface RendezvousForm {
  name: string;
  lon: number;
  lat: number;
  at: string;
  units?: string[];
  radius_m?: number;
  grace_s?: number;
}
export interface NewPhrase {
  language: string;
  text: string;
  topic?: string;
}
export interface NewProtectedWords {
  field: "names" | "informants" | "witnesses" | "victims" | "private_note";
  words: string;
}
export interface NewReport {
  report: string;
  format?: "html" | "map" | "pdf" | "xlsx";
  patrol?: string;
  start?: string | null;
  end?: string | null;
  language?: ("en" | "th" | "lo" | "my" | "km" | "vi" | "zh") | null;
  calendar?: ("gregorian" | "buddhist") | null;
  second_language?: ("en" | "th" | "lo" | "my" | "km" | "vi" | "zh") | null;
  km_from?: number | null;
  km_to?: number | null;
  radius_m?: number;
  counterpart?: string;
}
export interface NewSector {
  polygon?: {
    [k: string]: unknown;
  } | null;
  stretch?: StretchForm | null;
  name: string;
  use?: "patrol" | "no_go" | "rendezvous" | "fishing_ban" | "restricted" | "reach";
  limits?: LimitsForm | null;
  note?: string;
}
export interface NewShift {
  office: string;
  officer: string;
  starts_at: string;
  ends_at: string;
  user?: string;
  phone?: string;
  radio?: string;
  note?: string;
}
export interface NewSighting {
  lon: number;
  lat: number;
  at?: string | null;
  accuracy_m?: number | null;
  speed_mps?: number | null;
  course_deg?: number | null;
  unit?: string | null;
  note?: string;
  private_note?: string;
}
export interface NewSignature {
  passkey?: SignedByPasskey | null;
  version: number;
  office?: string;
}
export interface NewTarget {
  what: "vessel" | "person" | "vehicle";
  name: string;
  description?: string;
  sighting?: NewSighting | null;
  patrol?: string | null;
  unit?: string | null;
  photos?: string[];
  informants?: string[];
  witnesses?: string[];
  private_note?: string;
}
export interface NewToken {
  label: string;
  scopes: (
    | "read:picture"
    | "read:tracks"
    | "read:features"
    | "read:patrols"
    | "write:patrols"
    | "write:positions"
    | "write:messages"
    | "admin:units"
    | "admin:users"
  )[];
  days?: number;
}
export interface NewUnit {
  call_sign: string;
  kind: "boat" | "vehicle" | "foot" | "handheld" | "fixed";
  country?: string | null;
  expected_interval_s?: number;
  note?: string;
}
export interface NewUser {
  name: string;
  role: "commander" | "planner" | "crew" | "liaison" | "technician" | "admin" | "observer";
  password?: string | null;
}
export interface OpenClass {
  owner: string;
  viewer: string;
  data_class:
    | "alerts"
    | "distress"
    | "duty_contact"
    | "incidents"
    | "marks"
    | "patrols"
    | "positions"
    | "sectors"
    | "targets"
    | "texts"
    | "tracks";
  open: boolean;
  why_not?: string | null;
}
export interface Original {
  lon?: number | null;
  lat?: number | null;
  taken_at?: string | null;
  taken_local?: string | null;
  photo: string;
  sha256: string;
  size: number;
  came_at: string;
  by: string;
}
export interface PasskeyAnswer {
  credential: string;
  client_data: string;
  authenticator_data?: string;
  signature?: string;
  attestation?: string;
}
export interface PasskeyInfo {
  id: string;
  label: string;
  rp_id: string;
  here: boolean;
  created_at: string;
  used_at: string | null;
}
export interface PasskeyOptions {
  options: {
    [k: string]: unknown;
  };
}
export interface PasskeyState {
  possible: boolean;
  passkeys: PasskeyInfo[];
}
export interface PastVersion {
  sector: Sector;
  reason?: string;
  outline?: {
    [k: string]: unknown;
  } | null;
  area_km2?: number | null;
}
export interface Sector {
  kind: "sector";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  name: string;
  use?: "fishing_ban" | "no_go" | "patrol" | "reach" | "rendezvous" | "restricted";
  polygon?: never[][][] | null;
  river?: string | null;
  km_from?: number | null;
  km_to?: number | null;
  width_m?: number | null;
  limits?: SectorLimits | null;
  note?: string;
  retired_at?: string | null;
}
export interface SectorLimits {
  whose?: "all" | "others" | "units";
  loitering_s?: number | null;
  loitering_within_m?: number;
  meeting_s?: number | null;
  meeting_within_m?: number;
  stay_s?: number | null;
  speed_mps?: number | null;
}
export interface Patrol {
  kind: "patrol";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  name: string;
  agencies: string[];
  lead: string;
  starts_at: string;
  ends_at: string;
  state?: "cancelled" | "draft" | "ended" | "proposed" | "ready" | "signed" | "under way";
  members?: Member[];
  sectors?: string[];
  legs?: Leg[];
  rendezvous?: Rendezvous[];
  check_in_interval_s?: number | null;
  check_in_grace_s?: number;
  check_in_by_message?: boolean;
  start_grace_s?: number;
  start_by_plan?: boolean;
  start_by_movement?: boolean;
  end_by_plan?: boolean;
  end_by_movement?: boolean;
  note?: string;
  revision?: number;
  signatures?: Signature[];
  annexes?: Annex[];
  ready_at?: string | null;
  started_at?: string | null;
  started_by?: ("movement" | "order" | "plan") | null;
  ended_at?: string | null;
  ended_by?: ("movement" | "order" | "plan") | null;
  check_ins?: CheckIn[];
  start_overdue?: boolean;
  check_in_overdue?: string[];
  suspended?: boolean;
  suspended_why?: string;
  by_agency?: string;
}
export interface Rendezvous {
  name: string;
  lon: number;
  lat: number;
  at: string;
  units?: string[];
  radius_m?: number;
  grace_s?: number;
}
export interface Signature {
  agency: string;
  at: string;
  revision: number;
  sha256: string;
  by?: string;
}
export interface PatrolChange {
  name?: string | null;
  lead?: string | null;
  starts_at?: string | null;
  ends_at?: string | null;
  agencies?: string[] | null;
  members?: MemberForm[] | null;
  sectors?: string[] | null;
  legs?: LegForm[] | null;
  rendezvous?: RendezvousForm[] | null;
  check_in_interval_s?: number | null;
  check_in_grace_s?: number | null;
  check_in_by_message?: boolean | null;
  start_grace_s?: number | null;
  start_by_plan?: boolean | null;
  start_by_movement?: boolean | null;
  end_by_plan?: boolean | null;
  end_by_movement?: boolean | null;
  note?: string | null;
  revision?: number | null;
  reason?: string;
}
export interface PatrolCoverage {
  patrol: string;
  sectors: SectorCoverage[];
  unseen: number;
  unseen_sectors: number;
}
export interface SectorCoverage {
  sector: string;
  name: string;
  side: string;
  report: CoverageReport;
}
export interface PatrolEffort {
  patrol: string;
  by_agency: {
    [k: string]: Effort;
  };
  report: EffortReport;
  unseen: number;
}
export interface PatrolRefused {
  error: string;
  message: string;
  field?: string | null;
  conflicts?: PlanConflict[];
}
export interface PlanConflict {
  code: string;
  severity: "error" | "warning";
  words: string;
  name?: string | null;
  unit?: string | null;
  agency?: string | null;
  sector?: string | null;
  other?: string | null;
  starts_at?: string | null;
  ends_at?: string | null;
  lon?: number | null;
  lat?: number | null;
  place?: string | null;
}
export interface PhoneTrust {
  node: string;
  address: string;
  fingerprint: string;
  good_for: string[];
  until: string;
  begin_at: string | null;
}
export interface Phrase {
  kind: "phrase";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  language: string;
  text: string;
  topic?: string;
  retired_at?: string | null;
}
export interface PhraseChange {
  version: number;
  language?: string | null;
  text?: string | null;
  topic?: string | null;
}
export interface PlaceAddress {
  lon: number;
  lat: number;
  address: Address;
  words: string;
  error_words: string;
  near?: NearbyPlace[];
}
export interface PlaceRadios {
  channels: string[];
  orders: Message[];
}
export interface PlaceToRadios {
  reason?: string;
  expires_in_s?: number;
  id?: string | null;
  channel: string;
}
export interface PlanCheck {
  name?: string | null;
  lead?: string | null;
  starts_at?: string | null;
  ends_at?: string | null;
  agencies?: string[] | null;
  members?: MemberForm[] | null;
  sectors?: string[] | null;
  legs?: LegForm[] | null;
  rendezvous?: RendezvousForm[] | null;
  check_in_interval_s?: number | null;
  check_in_grace_s?: number | null;
  check_in_by_message?: boolean | null;
  start_grace_s?: number | null;
  start_by_plan?: boolean | null;
  start_by_movement?: boolean | null;
  end_by_plan?: boolean | null;
  end_by_movement?: boolean | null;
  note?: string | null;
  revision?: number | null;
  reason?: string;
  patrol?: string | null;
}
export interface PluginHealth {
  kind: string;
  name: string;
  package: string;
  version: string;
  state: "failed" | "not_allowed" | "off" | "refused" | "running";
  fault: string | null;
  calls: number;
  failures: number;
  slow: number;
  longest_ms: number;
}
export interface PositionObject {
  id?: string | null;
  device?: string | null;
  lon?: number | null;
  lat?: number | null;
  time?: string | null;
  speed_mps?: number | null;
  course_deg?: number | null;
  heading_deg?: number | null;
  altitude_m?: number | null;
  accuracy_m?: number | null;
  text?: string | null;
  status?: string | null;
  distress?: boolean | null;
}
export interface Preferences {
  language: "en" | "th" | "lo" | "my" | "km" | "vi" | "zh";
  calendar?: "gregorian" | "buddhist";
}
export interface Preview {
  layers?: PreviewLayer[];
  fault?: string | null;
  layer?: string | null;
  feature?: number | string | null;
  encodings?: {
    [k: string]: string;
  };
}
export interface PreviewLayer {
  name: string;
  features: number;
  faults: PreviewFault[];
  bounds: never[] | null;
  collection: unknown;
}
export interface PreviewFault {
  feature: number;
  fault: string;
  is_left_out?: boolean;
  repair?: {
    [k: string]: unknown;
  } | null;
}
export interface Problem {
  error: string;
  message: string;
  field?: string | null;
  code?: string | null;
  values?: {
    [k: string]: string;
  };
}
export interface ProtectedReader {
  reader: string;
  kind: string;
  paper: string;
  name?: string;
  at: string;
  by: string;
}
export interface ProtectedReaders {
  readers: string[];
  candidates: ReaderCandidate[];
}
export interface ReaderCandidate {
  name: string;
  role: "admin" | "commander" | "crew" | "liaison" | "observer" | "planner" | "technician";
}
export interface ProtectedWords {
  id: string;
  field: string;
  at: string;
  by: string;
  words?: string;
  redacted_at?: string | null;
  redacted_by?: string;
  reason?: string;
  commitment?: string;
}
export interface PushKeyInfo {
  key?: string | null;
}
export interface Queryables {
  $schema: string;
  $id: string;
  title: string;
  properties: {
    [k: string]: {
      [k: string]: string;
    };
  };
  type: string;
  additionalProperties: boolean;
}
export interface RadioInquiry {
  asked: string;
  verdict:
    | "assigned_later"
    | "bad_position"
    | "bound_elsewhere"
    | "channel_down"
    | "channel_silent"
    | "crowded_out"
    | "held_back"
    | "hidden"
    | "link_down"
    | "lost"
    | "never_heard"
    | "no_channel"
    | "no_position"
    | "no_radio"
    | "on_map"
    | "rejected"
    | "retired"
    | "several"
    | "unassigned";
  says: string;
  next: string;
  address?: string | null;
  hops?: Hop[];
  unit?: string | null;
  close?: CloseName[];
  last?: TechnicianMessage | null;
  rejected?: FrameRejection[];
  moments?: Moment[];
}
export interface TechnicianMessage {
  heard_at: string;
  kind: string;
  channel: string;
  protocol: string;
  device_time?: string | null;
  lon?: number | null;
  lat?: number | null;
  distress?: boolean;
  text?: string | null;
  status?: string | null;
  flags?: string[];
  facts?: {
    [k: string]: string | number | boolean;
  };
  signal?: Signal | null;
  heard_by?: MessageReception[];
  best?: MessageReception | null;
  hex?: string;
  raw?: string;
}
export interface Signal {
  station?: string | null;
  rssi_dbm?: number | null;
  snr_db?: number | null;
  hops?: number | null;
}
export interface ReadingPurpose {
  purpose: string;
}
export interface ReadingToken {
  user: string;
  token: string;
  expires_at: string;
}
export interface ReasonForm {
  reason?: string;
}
export interface RecoveryCodes {
  codes: string[];
}
export interface RedactionReason {
  reason: string;
}
export interface Reel {
  start: string;
  end: string;
  made_at: string;
  time_zone: string;
  units: ReplayUnit[];
  papers: unknown[];
  outlines: {
    [k: string]: {
      [k: string]: unknown;
    };
  };
  papers_left_off: boolean;
}
export interface ReplayUnit {
  id: string;
  call_sign: string;
  agency: string;
  kind?: ("boat" | "fixed" | "foot" | "handheld" | "vehicle") | null;
  country?: string | null;
  known?: boolean;
  expected_interval_s?: number | null;
}
export interface RefusedReport {
  id: string;
  error: string;
  message: string;
  field?: string | null;
}
export interface RejectedReport {
  index: number;
  id: string | null;
  reason: string;
  detail: string;
}
export interface ReleasedLegalHold {
  reason: string;
}
export interface Remark {
  at: string;
  text: string;
}
export interface ReplayTotals {
  start: string;
  end: string;
  units: UnitTotals[];
}
export interface UnitTotals {
  unit: string;
  call_sign: string;
  positions: number;
  first: string;
  last: string;
  km: number;
  along_river_km: number;
  moving_hours: number;
  stop_hours: number;
  stops: number;
  gaps: number;
  gap_hours: number;
  gap_after_s: number;
  country?: string | null;
  removed?: {
    [k: string]: number;
  };
  fastest_mps?: number | null;
  sides?: {
    [k: string]: Amount;
  };
  longest_gap?: Silence | null;
}
export interface Silence {
  start: string;
  end: string;
}
export interface ReportKind {
  name: string;
  about: "patrol" | "time";
  formats: ("html" | "map" | "pdf" | "xlsx")[];
  allowed: boolean;
}
export interface ReportResults {
  stored: (string | null)[];
  rejected: RejectedReport[];
}
export interface ReportsOutcome {
  taken: string[];
  refused: RefusedReport[];
}
export interface Resolution {
  note: string;
}
export interface Retirement {
  version?: number | null;
  reason?: string;
}
export interface Revocation {
  reason: string;
}
export interface Route {
  address: string;
  channel: string;
  heard_at: string;
  takes?: ("alert" | "distress" | "mark" | "poll" | "text")[];
  refuses?: {
    [k: string]: Refusal;
  };
}
export interface RuleHealth {
  rule: string;
  agency: string;
  way: string;
  waiting?: number;
  settled?: {
    [k: string]: number;
  };
  failing?: string[];
  fault?: string;
}
export interface RuleToTest {
  rule: string;
}
export interface ScheduleStatus {
  name: string;
  report: string;
  every: string;
  formats: string[];
  language: string;
  recipients: string[];
  next_at: string;
  last_at?: string | null;
  last_period?: string;
  fault?: string;
  counterpart?: string;
}
export interface Seal {
  revision: number;
  sha256: string;
  unsigned: string[];
}
export interface SectorChange {
  polygon?: {
    [k: string]: unknown;
  } | null;
  stretch?: StretchForm | null;
  version?: number | null;
  name?: string | null;
  use?: ("patrol" | "no_go" | "rendezvous" | "fishing_ban" | "restricted" | "reach") | null;
  limits?: LimitsForm | null;
  note?: string | null;
  reason?: string;
}
export interface SectorDetails {
  sector: Sector;
  outline?: {
    [k: string]: unknown;
  } | null;
  area_km2?: number | null;
  countries?: {
    [k: string]: DeepestPoint;
  };
  along?: RiverExtent[];
}
export interface SectorRefused {
  error: string;
  message: string;
  field?: string | null;
  faults?: DrawingFault[];
  suggestion?: SectorShape | null;
}
export interface SessionInfo {
  user: string;
  role: string;
  agency: Agency;
  node: Node;
  permissions: string[];
  language: ("en" | "km" | "lo" | "my" | "th" | "vi" | "zh") | null;
  calendar: "buddhist" | "gregorian";
}
export interface SharedContact {
  name?: string;
  phone?: string;
  radio?: string;
  languages?: string[];
}
export interface Shift {
  kind: "shift";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  office: string;
  officer: string;
  starts_at: string;
  ends_at: string;
  state: string;
  user?: string;
  phone?: string;
  radio?: string;
  note?: string;
  taken_at?: string | null;
  relieved_at?: string | null;
  relief_overdue?: boolean;
}
export interface ShiftChange {
  version: number;
  office?: string | null;
  officer?: string | null;
  starts_at?: string | null;
  ends_at?: string | null;
  user?: string | null;
  phone?: string | null;
  radio?: string | null;
  note?: string | null;
}
export interface ShownCard {
  signed: SignedCard;
  text: string;
  qr_svg: string;
}
export interface SignedCard {
  card: NodeCard;
  signature: string;
  previous_signature: string;
}
export interface SignIn {
  name: string;
  password: string;
  code?: string | null;
}
export interface SignInLink {
  name: string;
  address: string;
  expires_at: string;
}
export interface SignInWays {
  provider: string | null;
  passkeys: boolean;
}
export interface SignatureForm {
  revision: number;
}
export interface SignedEnd {
  head: SignedHead;
  qr: QrCode;
  in_folder: boolean | null;
  time_stamp: TimeStamp | null;
  is_stamp_late: boolean;
}
export interface SignedHead {
  format: string;
  node: string;
  seq: number;
  hash: string;
  signed_at: string;
  public_key: string;
  signature: string;
}
export interface TimeStamp {
  at: string;
  by: string;
}
export interface Snapshot {
  type: "snapshot";
  stream: string;
  seq: number;
  time: string;
  build: string;
  units: UnitState[];
  channels: ChannelHealth[];
  claims: Claim[];
  papers: unknown[];
}
export interface SpentCode {
  code: string;
  cookie?: boolean;
}
export interface StoredPhoto {
  photo: string;
  width_px: number;
  height_px: number;
  size: number;
  original?: string | null;
  lon?: number | null;
  lat?: number | null;
  taken_at?: string | null;
  taken_local?: string | null;
}
export interface Suspension {
  passkey?: SignedByPasskey | null;
  reason: string;
  also?: ("distress" | "duty_contact")[];
}
export interface TakenBackOffer {
  reason?: string;
}
export interface Target {
  kind: "target";
  id: string;
  agency: string;
  at: string;
  origin?: string;
  version?: number;
  by?: string;
  case: string;
  what: "person" | "vehicle" | "vessel";
  name: string;
  description?: string;
  state?: string;
  custodian?: string;
  term?: number;
  hand_off?: string;
  patrol?: string | null;
  unit?: string | null;
  sightings?: Sighting[];
  photos?: string[];
  prediction?: Prediction | null;
  received_from?: string;
  outcome?: ("arrested" | "cleared" | "handed over" | "lost" | "other" | "seized" | "turned back") | null;
  outcome_note?: string;
  closed_at?: string | null;
  remarks?: Remark[];
}
export interface TargetOfMark {
  what: "vessel" | "person" | "vehicle";
  name?: string | null;
}
export interface TargetPhoto {
  sha256: string;
}
export interface TileJson {
  tiles: string[];
  vector_layers: VectorLayer[];
  name: string;
  minzoom: number;
  maxzoom: number;
  tilejson: string;
  scheme: string;
}
export interface VectorLayer {
  id: string;
  fields: {
    [k: string]: string;
  };
}
export interface TokenWish {
  days?: number;
}
export interface Total {
  reports: number;
  cases: number;
  arrested: number;
  arrested_by_nationality: {
    [k: string]: number;
  };
  people_found: number;
  vehicles: number;
  seized: {
    [k: string]: {
      [k: string]: number;
    };
  };
  at_least: string[];
}
export interface Totals {
  region: Total;
  by_year: {
    [k: string]: Total;
  };
  by_country: {
    [k: string]: Total;
  };
  by_year_and_country: {
    [k: string]: {
      [k: string]: Total;
    };
  };
  by_category: {
    [k: string]: Total;
  };
  by_agency: {
    [k: string]: Total;
  };
}
export interface TrackCollection {
  type: "FeatureCollection";
  features: TrackFeature[];
}
export interface TrackFeature {
  type: "Feature";
  geometry: LineString | null;
  properties: TrackProperties;
}
export interface TrackProperties {
  id: string;
  times: string[];
  speeds_mps?: (number | null)[];
  courses_deg?: (number | null)[];
  river_kms?: (number | null)[];
  banks?: (string | null)[];
  flags?: string[][];
}
export interface Unit {
  id: string;
  call_sign: string;
  kind: "boat" | "fixed" | "foot" | "handheld" | "vehicle";
  agency: string;
  country: string | null;
  expected_interval_s: number;
  note: string;
  origin: string;
  retired_at: string | null;
}
export interface UnitChange {
  call_sign?: string | null;
  kind?: ("boat" | "vehicle" | "foot" | "handheld" | "fixed") | null;
  country?: string | null;
  expected_interval_s?: number | null;
  note?: string | null;
  retired?: boolean | null;
}
export interface UnitDetails {
  id: string;
  call_sign: string;
  agency: string;
  kind?: ("boat" | "fixed" | "foot" | "handheld" | "vehicle") | null;
  country?: string | null;
  known?: boolean;
  person?: boolean;
  liveness?: "cut" | "late" | "live" | "lost" | "never";
  cut_by?: string[];
  expected_interval_s?: number | null;
  last?: Fix | null;
  heard_at?: string | null;
  addresses?: string[];
  distress?: boolean;
  by_voice?: boolean;
  status?: string | null;
  text?: string | null;
  text_at?: string | null;
  phrase?: string | null;
  phrase_at?: string | null;
  flags?: string[];
  note?: string;
  retired_at?: string | null;
}
export interface UnknownRadio {
  address: string;
  state: UnitState;
  count: number;
  first_heard_at: string;
  last_heard_at: string;
  channels: string[];
  claims?: string | null;
}
export interface User {
  name: string;
  role: "admin" | "commander" | "crew" | "liaison" | "observer" | "planner" | "technician";
  agency: string;
  origin: string;
  disabled_at: string | null;
  language: ("en" | "km" | "lo" | "my" | "th" | "vi" | "zh") | null;
  calendar: "buddhist" | "gregorian";
}
export interface UserChange {
  role?: ("commander" | "planner" | "crew" | "liaison" | "technician" | "admin" | "observer") | null;
  password?: string | null;
  disabled?: boolean | null;
}
export interface VoicePlot {
  lon?: number | null;
  lat?: number | null;
  river_km?: number | null;
  at?: string | null;
}
export interface WatchOffer {
  shift: string;
  relief: string;
  note?: string;
}
export interface WatchTaken {
  version: number;
  remark?: string;
}
export interface WrittenFile {
  name: string;
  content: string;
  statements: number;
  first: number;
  last: number;
  next: number | null;
}
