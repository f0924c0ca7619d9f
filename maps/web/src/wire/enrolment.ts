/** Codes that enrol phones, and trust in the certificate of the office. */
import { listOf, moment, nullable, object, text, type ValueOf } from "./parser.ts";

/** `POST /api/devices/enrolments`. */
export const EnrolmentCode = object({
  device: text,
  unit: nullable(text),
  code: text,
  address: text,
  qr: object({
    svg: text,
    png: text,
  }),
  expires_at: moment,
});
export type EnrolmentCode = ValueOf<typeof EnrolmentCode>;

/** `POST /api/enrolment/look`. */
export const EnrolmentInfo = object({
  node: text,
  agency: text,
  device: text,
  unit: nullable(
    object({
      id: text,
      call_sign: text,
    }),
  ),
  expires_at: moment,
});
export type EnrolmentInfo = ValueOf<typeof EnrolmentInfo>;

/** `POST /api/enrolment`. */
export const EnrolledPhone = object({
  device: text,
  key: text,
  reporting_key: text,
});
export type EnrolledPhone = ValueOf<typeof EnrolledPhone>;

/** `GET /api/trust`. */
export const PhoneTrust = object({
  node: text,
  address: text,
  fingerprint: text,
  good_for: listOf(text),
  until: moment,
});
export type PhoneTrust = ValueOf<typeof PhoneTrust>;
