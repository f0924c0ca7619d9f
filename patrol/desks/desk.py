"""Desk: one user's window on the picture and the records, through which all access passes.

What the user may see is its `VisibleUnits`. Orders go to the watch and are answered after their
commit.
"""

from __future__ import annotations

from patrol.desks.holdings import HoldingsDesk
from patrol.desks.incidents.audit import AuditDesk
from patrol.desks.incidents.incidents import IncidentDesk
from patrol.desks.incidents.photos import PhotoDesk
from patrol.desks.legal_holds import LegalHoldDesk
from patrol.desks.liaison.agreements import AgreementDesk
from patrol.desks.liaison.counterpart_files import CounterpartFileDesk
from patrol.desks.liaison.counterpart_logs import CounterpartLogDesk
from patrol.desks.liaison.counterparts import CounterpartDesk
from patrol.desks.liaison.hand_offs import HandOffDesk
from patrol.desks.liaison.offers import Offers
from patrol.desks.liaison.targets import TargetDesk
from patrol.desks.marks import MarkDesk
from patrol.desks.places_on_air import PlacesOnAirDesk
from patrol.desks.planning.patrols import PatrolDesk
from patrol.desks.planning.plan import PlanDesk
from patrol.desks.planning.roster import RosterDesk
from patrol.desks.planning.sectors import SectorDesk
from patrol.desks.planning.shifts import ShiftDesk
from patrol.desks.protected_fields import ProtectedFieldDesk
from patrol.desks.replay import ReplayDesk
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.desks.visibility.history import HistoryDesk
from patrol.desks.visibility.visible_units import Rejected, VisibleUnits
from patrol.desks.watch_room.alerts import AlertDesk
from patrol.desks.watch_room.crews import CrewDesk
from patrol.desks.watch_room.deliveries import DeliveryDesk
from patrol.desks.watch_room.messages import MessageDesk
from patrol.desks.watch_room.registry import RegistryDesk
from patrol.desks.watch_room.watch_log import WatchLogDesk
from patrol.exchange.counterpart_statements import CounterpartStatements
from patrol.maintenance.unknown_radios import UnknownRadio
from patrol.sectors.site_geography import Ground
from patrol.units.accounts import User
from patrol.units.permissions import require
from patrol.units.units import Agency
from patrol.watch.watch import Watch

__all__ = ["Desk", "UnknownRadio"]


class Desk:
    """What one user may see and do.

    Here every desk is given what it reads and files; none of them knows the watch.

    Args:
        watch: The node's watch.
        user: Who looks.
        rejected: Returns the last frames a channel did not understand.
        counterpart_statements: What counterparts are told; None: another process tells them.

    Attributes:
        user: As given.
        policy: What may pass to the user.
        visible: What the user may see of the picture.
    """

    def __init__(
        self,
        watch: Watch,
        user: User,
        *,
        rejected: Rejected = lambda _channel: (),
        counterpart_statements: CounterpartStatements | None = None,
    ) -> None:
        self._watch, self._counterpart_statements = watch, counterpart_statements
        self.visible = VisibleUnits(
            live=watch.live,
            picture=watch.picture,
            read=watch.store.read,
            sharing=watch.sharing,
            agency=watch.agency,
            now=watch.now,
            user=user,
            rejected=rejected,
        )
        self.user, self.policy = user, self.visible.policy
        self._documents = DocumentAccess(
            store=watch.store,
            filing=watch.document_service,
            field_keys=watch.field_keys,
            now=watch.now,
            user=user,
            policy=self.policy,
        )
        self._ground = watch.ground or Ground()

    @property
    def history(self) -> HistoryDesk:
        """What the user may see of long ago."""
        return HistoryDesk(self.visible)

    @property
    def registry(self) -> RegistryDesk:
        """Units and their radios."""
        watch = self._watch
        return RegistryDesk(
            self.visible,
            registrar=watch.registrar,
            receive=watch.receive,
            agency=watch.agency,
            node=watch.node,
        )

    @property
    def dispatch(self) -> MessageDesk:
        """What is said to radios."""
        watch = self._watch
        return MessageDesk(
            self.visible, dispatch=watch.dispatch, agency=watch.agency, node=watch.node
        )

    @property
    def agreements(self) -> AgreementDesk:
        """What is shared with others, and what crosses now."""
        watch = self._watch
        return AgreementDesk(
            self._documents,
            sharing=watch.sharing,
            publish=watch.live.publisher.publish,
            agencies={*watch.agencies, *watch.remote_agencies},
            ground=watch.ground,
        )

    @property
    def counterparts(self) -> CounterpartDesk:
        """Other nodes, and how they are met."""
        watch = self._watch
        return CounterpartDesk(self._documents, own_card=watch.own_card, agencies=watch.agencies)

    @property
    def counterpart_files(self) -> CounterpartFileDesk:
        """What is told in files, where there is no link."""
        statements = self._counterpart_statements
        return CounterpartFileDesk(
            self._documents, carrier=None if statements is None else statements.files
        )

    @property
    def counterpart_logs(self) -> CounterpartLogDesk:
        """The logs with other nodes: a head that is told, an epoch that begins."""
        return CounterpartLogDesk(self._documents, statements=self._counterpart_statements)

    def agencies(self) -> list[Agency]:
        """Return the agencies of this node and of confirmed counterparts, by id.

        Raises:
            Forbidden: If the role may not.
        """
        require(self.user.role, "see the picture")
        known = {**self._watch.remote_agencies, **self._watch.agencies}
        return [known[id] for id in sorted(known)]

    @property
    def alerts(self) -> AlertDesk:
        """What needs a person."""
        return AlertDesk(self._documents, clear_distress=self._watch.registrar.clear_distress)

    @property
    def audit(self) -> AuditDesk:
        """The agency's lines of the journal."""
        return AuditDesk(self._documents)

    @property
    def targets(self) -> TargetDesk:
        """Targets."""
        return TargetDesk(
            self._documents,
            offers=self._offers,
            photos=self.photos,
            units=self._watch.picture.units,
            ground=self._watch.ground,
        )

    @property
    def hand_offs(self) -> HandOffDesk:
        """Targets offered to the other bank, and by it."""
        return HandOffDesk(self._documents, offers=self._offers, sharing=self._watch.sharing)

    @property
    def replay(self) -> ReplayDesk:
        """What stood and was known in some stretch of time."""
        return ReplayDesk(
            self._documents,
            picture=self._watch.picture,
            agency=self._watch.agency,
            sectors=self.sectors,
            versions={
                "agreement": self.agreements.versions,
                "alert": self.alerts.versions,
                "hand_off": self.hand_offs.versions,
                "incident": self.incidents.versions_or_newest,
                "patrol": self.patrols.versions,
                "sector": self.sectors.versions,
                "target": self.targets.versions,
            },
        )

    @property
    def roster(self) -> RosterDesk:
        """Hand-over of shifts, and duty contacts."""
        return RosterDesk(self._documents, channels=self._watch.picture.channels)

    @property
    def shifts(self) -> ShiftDesk:
        """Who is on watch, from when to when."""
        return ShiftDesk(self._documents)

    @property
    def log(self) -> WatchLogDesk:
        """The watch log, and phrases."""
        return WatchLogDesk(self._documents)

    @property
    def deliveries(self) -> DeliveryDesk:
        """Alerts that were sent, and the browsers that take them."""
        return DeliveryDesk(self._documents)

    @property
    def sectors(self) -> SectorDesk:
        """Areas that people drew."""
        return SectorDesk(
            self._documents, contacts=self._watch.picture.contacts, ground=self._ground
        )

    @property
    def patrols(self) -> PatrolDesk:
        """Planned work, alone and with others."""
        return PatrolDesk(self._documents, plans=self.plans)

    @property
    def plans(self) -> PlanDesk:
        """What is wrong with plans of patrols."""
        return PlanDesk(
            self._documents,
            units=self._watch.picture.units,
            agencies=self._watch.agencies,
            sharing=self._watch.sharing,
            ground=self._ground,
        )

    @property
    def incidents(self) -> IncidentDesk:
        """What happened, and what it comes to."""
        return IncidentDesk(
            self._documents,
            photos=self.photos,
            agencies=self._watch.agencies,
            epoch=self._watch.live.cross_agency_units.epoch,
            second_person=self._watch.second_person,
            ground=self._watch.ground,
        )

    @property
    def protected_fields(self) -> ProtectedFieldDesk:
        """Who informed, witnessed, suffered or was arrested by name, and private notes."""
        return ProtectedFieldDesk(self._documents)

    @property
    def marks(self) -> MarkDesk:
        """Places that somebody marked."""
        return MarkDesk(self._documents, incidents=self.incidents, ground=self._watch.ground)

    @property
    def on_air(self) -> PlacesOnAirDesk:
        """Marks, targets and sectors that are shown to radios."""
        return PlacesOnAirDesk(
            self._documents,
            sectors=self.sectors,
            channels=self._watch.picture.channels,
            send=self._watch.places_on_air.send,
            refusal_of=self._watch.dispatch.refusal_of,
        )

    @property
    def photos(self) -> PhotoDesk:
        """Photos of incidents and targets."""
        return PhotoDesk(self._documents)

    @property
    def legal_holds(self) -> LegalHoldDesk:
        """What is to be preserved, whatever the retention says."""
        return LegalHoldDesk(self._documents, units=self._watch.picture.units)

    @property
    def holdings(self) -> HoldingsDesk:
        """What the agency holds on somebody or something."""
        return HoldingsDesk(self._documents)

    def crew(self, *, device: str | None, unit: str | None) -> CrewDesk:
        """What the user does as a crew under way.

        Args:
            device: The device that is calling; None for a person.
            unit: Id of the unit that an enrolled phone was made for.
        """
        return CrewDesk(
            self._documents,
            picture=self._watch.picture,
            receive=self._watch.receive,
            store_result=self._watch.dispatch.store_result,
            note_fetched=self._watch.phones.note_fetched,
            ground=self._ground,
            device=device,
            unit=unit,
        )

    @property
    def _offers(self) -> Offers:
        watch = self._watch
        return Offers(
            sharing=watch.sharing,
            agencies=watch.agencies,
            remote_agencies=watch.remote_agencies,
            offices=watch.offices,
            node=watch.node,
            user=self.user,
        )
