/** Users, tokens, devices, second factors and passkeys. */
import {
  figure,
  flag,
  listOf,
  moment,
  nullable,
  object,
  optional,
  text,
  type ValueOf,
  withDefault,
  wordOf,
} from "./parser.ts";
import { Role } from "./session.ts";

export const SCOPES = [
  "read:picture",
  "read:tracks",
  "read:features",
  "read:patrols",
  "write:patrols",
  "write:positions",
  "write:messages",
  "admin:units",
  "admin:users",
] as const;

export const Token = object({
  id: text,
  user: text,
  label: text,
  scopes: listOf(wordOf<(typeof SCOPES)[number]>()),
  expires_at: moment,
});

export type Token = ValueOf<typeof Token>;

export const PushBrowser = object({
  id: text,
  label: text,
  since: moment,
});
export type PushBrowser = ValueOf<typeof PushBrowser>;

export const DeliveryTestResult = object({
  to: text,
  ok: flag,
  fault: optional(text),
});
export type DeliveryTestResult = ValueOf<typeof DeliveryTestResult>;

export const Device = object({
  name: text,
  kind: withDefault(wordOf<"tracker" | "phone">(), "tracker"),
  unit: nullable(text),
  revoked_at: nullable(moment),
});
export type Device = ValueOf<typeof Device>;

export const DeviceKey = object({
  name: text,
  key: text,
});
export type DeviceKey = ValueOf<typeof DeviceKey>;

export const FactorState = object({
  confirmed_at: nullable(moment),
  recovery_left: figure,
  required: flag,
  passkeys: withDefault(figure, 0),
});
export type FactorState = ValueOf<typeof FactorState>;

export const FactorSetUp = object({
  secret: text,
  address: text,
  qr: object({
    png: text,
  }),
});
export type FactorSetUp = ValueOf<typeof FactorSetUp>;

export const User = object({
  name: text,
  role: Role,
  disabled_at: nullable(moment),
});
export type User = ValueOf<typeof User>;

export const SignInLink = object({
  name: text,
  address: text,
  expires_at: moment,
});
export type SignInLink = ValueOf<typeof SignInLink>;

export const PasskeyInfo = object({
  id: text,
  label: text,
  rp_id: text,
  here: flag,
  created_at: moment,
  used_at: nullable(moment),
});
export type PasskeyInfo = ValueOf<typeof PasskeyInfo>;

export const PasskeyState = object({
  possible: flag,
  passkeys: listOf(PasskeyInfo),
});
export type PasskeyState = ValueOf<typeof PasskeyState>;
