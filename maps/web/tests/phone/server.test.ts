/** What counts as the office's word, and what is a page of somebody on the way to it. */
import assert from "node:assert/strict";
import { type Mock, mock, test } from "node:test";
import { isUnreadable } from "../../src/phone/send-order.ts";
import { Failure, readCrew, sendPhoto, sendReports } from "../../src/phone/server.ts";
import { isoTime } from "../../src/phone/server-clock.ts";

const LOGIN = "<!doctype html><title>Welcome to the pier's network</title>";
const PORTAL = { headers: { "content-type": "text/html", date: "Thu, 01 Jan 1970 00:00:07 GMT" } };
const PHOTO = new Uint8Array([0xff, 0xd8]);

async function faultOf(act: () => Promise<unknown>, answer: () => Response): Promise<Failure> {
  const fetched: Mock<typeof fetch> = mock.method(globalThis, "fetch", async () => answer());
  try {
    await act();
  } catch (fault) {
    assert.ok(fault instanceof Failure, String(fault));
    return fault;
  } finally {
    assert.equal(fetched.mock.calls[0]?.arguments[1]?.redirect, "error", "the office sends nobody elsewhere");
    fetched.mock.restore();
  }
  return assert.fail("it counts as an answer");
}

test("a page of who lets into the network is no answer, whatever was asked", async () => {
  for (const act of [
    () => sendPhoto("p", PHOTO, "image/jpeg", "key"),
    () => sendReports([], "key"),
    () => readCrew("key"),
  ]) {
    assert.equal((await faultOf(act, () => new Response(LOGIN, PORTAL))).status, 502);
  }
  assert.ok(Math.abs(Date.parse(isoTime()) - Date.now()) < 60_000, "nor does it tell the time");
});

test("JSON that names nothing is no answer", async () => {
  for (const body of ["{}", "null", '{"taken":"all","refused":[]}', '{"taken":[]}']) {
    const fault = await faultOf(
      () => sendReports([], "key"),
      () => new Response(body, { headers: { "content-type": "application/json" } }),
    );
    assert.equal(fault.status, 502, body);
  }
});

test("only the office says that it cannot read a report, or a proxy that it is too long", async () => {
  const send = (): Promise<unknown> => sendReports([], "key");
  const said = (status: number): Response => Response.json({ error: "bad_request", message: "no JSON" }, { status });
  assert.ok(isUnreadable(await faultOf(send, () => said(400))));
  assert.ok(isUnreadable(await faultOf(send, () => said(422))));
  assert.ok(isUnreadable(await faultOf(send, () => new Response(LOGIN, { ...PORTAL, status: 413 }))));
  for (const status of [400, 415, 422, 502])
    assert.ok(!isUnreadable(await faultOf(send, () => new Response(LOGIN, { ...PORTAL, status }))), String(status));
  assert.ok(!isUnreadable(await faultOf(send, () => said(503))));
  assert.ok(!isUnreadable(new TypeError("ours")));
});

test("nobody on the way has a crew wait for hours", async () => {
  const busy = (seconds: string): Response => new Response("", { status: 503, headers: { "retry-after": seconds } });
  const waits = async (seconds: string): Promise<number> =>
    (
      await faultOf(
        () => sendReports([], "key"),
        () => busy(seconds),
      )
    ).waitMs;
  assert.equal(await waits("5"), 5000);
  assert.equal(await waits("86400"), 60_000);
  assert.equal(await waits("Sun, 29 Nov 2026 02:00:00 GMT"), 0);
});
