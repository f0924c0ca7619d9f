"""Deliveries: alerts that were sent, to whom, and what failed; browsers that take them; tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.errors.errors import BadRequest
from maps.forms.form import Form
from maps.notifications.deliveries import Deliveries, DeliveryTestResult, RuleHealth
from maps.notifications.errors.errors import DeliveryError
from maps.notifications.outbound_http.post import LONGEST_URL
from maps.notifications.senders.web_push import WebPushSender, plain_key
from patrol.alerts.delivery import AlertDelivery
from patrol.desks.watch_room.deliveries import MOST_DELIVERIES, Browser
from patrol.errors.errors import NotFound
from radio_gateway.errors.errors import LinkError

router = APIRouter(prefix="/api/deliveries", tags=["deliveries"])

_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_DELIVERY = AlertDelivery(
    id="b0a7e6aa1f2c4d3e9b8a7c6d5e4f3a2b",
    agency="joint",
    at=_AT + timedelta(seconds=2),
    origin="hx",
    version=2,
    rule="duty officers",
    way="mail",
    to="duty@hx.example",
    alert="0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
    alert_version=1,
    severity="sos",
    occasion="raised",
    expires_at=_AT + timedelta(hours=1),
    state="sent",
    settled_at=_AT + timedelta(seconds=2),
    attempts=1,
    message="<b0a7e6aa1f2c4d3e9b8a7c6d5e4f3a2b@hx.example>",
    together=1,
)
_RULE = RuleHealth(
    rule="duty officers", agency="joint", way="mail", waiting=0, settled={"sent": 12}
)
_BROWSER = Browser(id="6f1c2d3b4a5e4f6071829a0b1c2d3e4f", label="office", since=_AT)
_TESTED = DeliveryTestResult(
    to="duty@hx.example", ok=False, fault="mail.hx.example: Connection refused"
)


class PushKeyInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """With what a browser subscribes.

    Attributes:
        key: Our public key (`applicationServerKey`), base64url; absent where there is no Web Push.
    """

    key: str | None = None


_KEY = PushKeyInfo(
    key="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
)


class BrowserKeys(Form):
    """Keys of a browser's subscription, as `PushSubscription.toJSON()` gives them."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"p256dh": _KEY.key, "auth": "BTBZMqHH6r4Tts7J_aSIgg"}]},
    )

    p256dh: str = Field(min_length=1, max_length=100)
    auth: str = Field(min_length=1, max_length=40)


class NewBrowser(Form):
    """A browser that is to take alerts for the caller."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "endpoint": "https://push.example/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
                    "keys": {"p256dh": _KEY.key, "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
                    "label": "office",
                }
            ]
        },
    )

    endpoint: str = Field(min_length=1, max_length=LONGEST_URL)
    keys: BrowserKeys
    label: str = Field(default="", max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")


class RuleToTest(Form):
    """The rule to send a test by."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"rule": "duty officers"}]}
    )

    rule: str = Field(min_length=1, max_length=60)


@router.get("", responses=answers(list[AlertDelivery], [_DELIVERY], 403, 422))
async def list_deliveries(
    desk: DeskHere,
    alert: Annotated[str | None, Query(max_length=64, description="Only of this alert.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_DELIVERIES)] = 100,
) -> Response:
    """Return the deliveries to the caller's agency, last changed first.

    `state` says what became of each: `waiting`, `sent`, `failed`, `withheld` (its receiver may not
    see the alert), `expired`, `superseded` (a newer version of the alert went in its place).
    """
    return answer(await desk.deliveries.newest(alert=alert, limit=limit))


@router.get("/rules", responses=answers(list[RuleHealth], [_RULE], 403))
async def list_rules(desk: DeskHere, request: Request) -> Response:
    """Return how the deliveries to the caller's agency fare, rule by rule, and whom they miss."""
    desk.deliveries.may_see()
    return answer(_delivering(request).health(desk.user.agency))


@router.post("/test", responses=answers(list[DeliveryTestResult], [_TESTED], 403, 404, 422, 429))
async def test_rule(form: RuleToTest, desk: DeskHere, request: Request) -> Response:
    """Send a test message to each receiver of a rule, now, and return how each fared."""
    desk.deliveries.may_test()
    return answer(await _delivering(request).test(form.rule, desk.user.agency))


@router.get("/push-key", responses=answers(PushKeyInfo, _KEY, 403, 503))
async def read_push_key(desk: DeskHere, request: Request) -> Response:
    """Return the public key with which a browser subscribes; none where there is no Web Push."""
    desk.deliveries.browsers()
    push = _delivering(request).push
    if push is None:
        return answer(PushKeyInfo())
    try:
        return answer(PushKeyInfo(key=push.key.public()))
    except DeliveryError as error:
        raise LinkError("push", error.fault) from None


@router.get("/browsers", responses=answers(list[Browser], [_BROWSER], 403))
async def list_browsers(desk: DeskHere) -> Response:
    """Return the browsers that take alerts for the caller, oldest first.

    With a new password, another role, or all sessions ended, all end; subscribe again.
    """
    return answer(await desk.deliveries.active_browsers())


@router.post(
    "/browsers",
    status_code=201,
    responses=answers(Browser, _BROWSER, 400, 403, 404, 422, 503, status=201),
)
async def subscribe_browser(new: NewBrowser, desk: DeskHere, request: Request) -> Response:
    """Have alerts sent to a browser for the caller; 404 where there is no Web Push.

    A browser takes alerts for the last user who subscribed it, and for nobody else. Which alerts
    is said by the rules of the settings.
    """
    desk.deliveries.browsers()  # who may not is told that first
    keys = new.keys
    fault = _push(request).subscription_fault(
        endpoint=new.endpoint, p256dh=keys.p256dh, auth=keys.auth
    )
    if fault is not None:
        raise BadRequest(f"{fault[0]} {fault[1]}", field=fault[0])
    added = await desk.deliveries.subscribe(
        endpoint=new.endpoint,
        p256dh=plain_key(keys.p256dh),
        auth=plain_key(keys.auth),
        label=new.label,
    )
    return answer(added, status=201)


@router.delete(
    "/browsers/{browser}", status_code=204, responses=answers(None, None, 403, 404, 503, status=204)
)
async def unsubscribe_browser(browser: str, desk: DeskHere) -> Response:
    """Have no more alerts sent to a browser of the caller's."""
    await desk.deliveries.unsubscribe(browser)
    return Response(status_code=204)


@router.post(
    "/browsers/{browser}/test", responses=answers(DeliveryTestResult, _TESTED, 403, 404, 429)
)
async def test_browser(browser: str, desk: DeskHere, request: Request) -> Response:
    """Send a test message to a browser of the caller's, now, and return how it fared."""
    own = desk.deliveries.browser(browser)
    return answer(await _delivering(request).test_browser(own.id, desk.user))


def _delivering(request: Request) -> Deliveries:
    delivering: Deliveries = request.app.state.delivering
    return delivering


def _push(request: Request) -> WebPushSender:
    push = _delivering(request).push
    if push is None:
        raise NotFound("way", "push")
    return push
