"""Devices: phones, trackers and gateways that report with a key of their own."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from maps.accounts.account_services import AccountServices
from maps.accounts.credentials.qr import QrCode, qr_code
from maps.accounts.sessions.access import CallerHere, DeskHere, peer_of
from maps.accounts.sessions.cookies import set_cookie
from maps.accounts.users_and_devices import UserAccounts
from maps.api.responses.responses import answer, answers
from maps.errors.errors import SignInRefused
from maps.forms.form import Form
from maps.http.session_cookie import COOKIE
from patrol.desks.desk import Desk
from patrol.errors.errors import NotFound
from patrol.units.accounts import Device, Enrolment, User

router = APIRouter(prefix="/api/devices", tags=["devices"])
enrol_router = APIRouter(prefix="/api/enrolment", tags=["devices"])

_PHONE_COOKIE_S = 400 * 86_400  # browsers keep none longer; the key itself ends when revoked

_DEVICE = Device(name="boat-3", agency="joint", origin="hx")


class DeviceKey(msgspec.Struct, frozen=True, kw_only=True):
    """A device's key, shown this once.

    Attributes:
        name: The device's name.
        key: Bearer token, or password of HTTP Basic and MQTT with the device's name as user.
    """

    name: str
    key: str


class EnrolmentCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code with which one phone gets a key of its own; shown this once.

    Attributes:
        device: Name the phone will have.
        unit: Id of the unit it will report for.
        code: The code.
        address: The page on which a phone uses it.
        qr: The address as QR code.
        expires_at: When it ends, aware UTC.
    """

    device: str
    unit: str | None
    code: str
    address: str
    qr: QrCode
    expires_at: datetime


class EnrolmentUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that a phone will report for.

    Attributes:
        id: Its id.
        call_sign: Name on the radio.
    """

    id: str
    call_sign: str


class EnrolmentInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a code is for, so that a crew sees it before the code is spent.

    Attributes:
        node: Name of the office.
        agency: Name of the agency.
        device: Name the phone will have.
        unit: The unit it will report for; None for none.
        expires_at: When the code ends, aware UTC.
    """

    node: str
    agency: str
    device: str
    unit: EnrolmentUnit | None
    expires_at: datetime


class EnrolledPhone(msgspec.Struct, frozen=True, kw_only=True):
    """A phone and its key, shown this once.

    Attributes:
        device: Its name.
        unit: Id of the unit it reports for.
        agency: Whose it is.
        key: Bearer token; in a browser the cookie that comes with it does the same.
        reporting_key: Bearer token that only reports positions and calls for help as this phone,
            and reads nothing: for use while the phone is locked.
    """

    device: str
    unit: str | None
    agency: str
    key: str
    reporting_key: str


_ENROLMENT = EnrolmentCode(
    device="naga-1-phone",
    unit="9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071",
    code="q3Vb…",
    address="https://blo.example/enrol#code=q3Vb…",
    qr=QrCode(svg="<svg …", png="data:image/png;base64,…"),
    expires_at=datetime(2026, 11, 24, 2, 40, tzinfo=UTC),
)
_PHONE = EnrolledPhone(
    device="naga-1-phone",
    unit="9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071",
    agency="joint",
    key="phone_mZ1…",
    reporting_key="b7Qx…",
)


_SHOWN = EnrolmentInfo(
    node="Houay Xai",
    agency="Houay Xai Border Liaison Office",
    device="naga-1-phone",
    unit=EnrolmentUnit(id="9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071", call_sign="Naga 1"),
    expires_at=datetime(2026, 11, 24, 2, 40, tzinfo=UTC),
)


class NewEnrolment(Form):
    """A phone to enrol, and the unit it will report for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"device": "naga-1-phone", "unit": "9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071"}]
        },
    )

    device: str = Field(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")
    unit: str | None = Field(default=None, min_length=1, max_length=64)


class EnrolmentCodeForm(Form):
    """An enrolment code."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"code": "q3Vb…"}]})

    code: str = Field(min_length=1, max_length=200)


class SpentCode(EnrolmentCodeForm):
    """An enrolment code that is to be spent."""

    cookie: bool = Field(
        default=True,
        description="Whether the key comes as a cookie too; false for a page that keeps it itself,"
        " under a PIN",
    )


class NewDevice(Form):
    """A device to add."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "boat-3"}, {"name": "jane/phone"}]},
    )

    name: str = Field(
        pattern=r"^[A-Za-z0-9_.:\-]{1,64}(/[A-Za-z0-9_.:\-]{1,64})?$",
        description="The device id its messages carry; `user/device` for OwnTracks",
    )


@router.get("", responses=answers(list[Device], [_DEVICE], 403))
async def list_devices(caller: CallerHere, request: Request) -> Response:
    """Return the devices of the caller's agency, by name."""
    return answer(await _people(request).devices_for(caller.user))


@router.post(
    "",
    status_code=201,
    responses=answers(DeviceKey, DeviceKey(name="boat-3", key="mZ1…"), 403, 409, 422, status=201),
)
async def add_device(new: NewDevice, caller: CallerHere, request: Request) -> Response:
    """Add a device, or give it a new key in place of the old one; the key is shown this once."""
    key = await _people(request).add_device_for(caller.user, new.name)
    _accounts(request).access.look_again()
    return answer(DeviceKey(name=new.name, key=key), status=201)


@router.post(
    "/enrolments",
    status_code=201,
    responses=answers(EnrolmentCode, _ENROLMENT, 403, 404, 409, 422, status=201),
)
async def make_enrolment(new: NewEnrolment, desk: DeskHere, request: Request) -> Response:
    """Make a code with which one phone gets a key of its own: good once, for 10 minutes.

    Show the QR code to the phone. A newer code for the same device ends this one.
    """
    enrolments = _accounts(request).enrolments
    code, made = await enrolments.make(desk, device=new.device, unit=new.unit)
    address = f"{str(request.base_url).rstrip('/')}/enrol#code={code}"
    return answer(
        EnrolmentCode(
            device=made.device,
            unit=made.unit,
            code=code,
            address=address,
            qr=qr_code(address),
            expires_at=made.expires_at,
        ),
        status=201,
    )


# A device's name may hold a slash.
@router.delete("/{name:path}", status_code=204, responses=answers(None, None, 403, 404, status=204))
async def revoke_device(name: str, caller: CallerHere, request: Request) -> Response:
    """Take a device's key away; what it has open is closed, a code that is out for it ends."""
    await _people(request).revoke_device_for(caller.user, name)
    _accounts(request).access.look_again()
    return Response(status_code=204)


@enrol_router.post("/look", responses=answers(EnrolmentInfo, _SHOWN, 422, 429))
async def check_enrolment(form: EnrolmentCodeForm, request: Request) -> Response:
    """Return what an enrolment code is for; it stays good."""
    accounts = _accounts(request)
    try:
        found = await accounts.enrolments.look(form.code)
    except SignInRefused:
        accounts.access.bad_key(peer_of(request))
        raise
    agency = request.app.state.agencies.get(found.agency)
    return answer(
        EnrolmentInfo(
            node=request.app.state.node.name,
            agency=found.agency if agency is None else agency.name,
            device=found.device,
            unit=_unit(request, found),
            expires_at=found.expires_at,
        )
    )


@enrol_router.post("", responses=answers(EnrolledPhone, _PHONE, 409, 422, 429))
async def enrol_device(form: SpentCode, request: Request) -> Response:
    """Exchange an enrolment code for the phone's keys, shown this once; the first as a cookie too.

    A page that keeps the key itself, under a PIN, asks for no cookie: whoever takes the phone would
    need no PIN to use that.
    """
    accounts = _accounts(request)
    try:
        key, reporting, device = await accounts.enrolments.use(form.code)
    except SignInRefused:
        accounts.access.bad_key(peer_of(request))
        raise
    accounts.access.look_again()
    made = EnrolledPhone(
        device=device.name,
        unit=device.unit,
        agency=device.agency,
        key=key,
        reporting_key=reporting,
    )
    response = answer(made)
    if not form.cookie:
        return response
    set_cookie(response, request, COOKIE, key, max_age_s=_PHONE_COOKIE_S)
    return response


def _unit(request: Request, found: Enrolment) -> EnrolmentUnit | None:
    """Return the unit of an enrolment, as whoever reports for it will see it."""
    if found.unit is None:
        return None
    crew = User(name=f"key:{found.device}", role="crew", agency=found.agency)
    desk: Desk = request.app.state.desk_of(crew)
    try:
        return EnrolmentUnit(id=found.unit, call_sign=desk.visible.unit(found.unit).call_sign)
    except NotFound:  # it was taken out of service since
        return None


def _accounts(request: Request) -> AccountServices:
    accounts: AccountServices = request.app.state.accounts
    return accounts


def _people(request: Request) -> UserAccounts:
    people: UserAccounts = request.app.state.people
    return people
