"""SMS: the way `sms` of notifications, by a plain SMS gateway that we invented.

It takes `{"from": …, "to": …, "text": …, "reference": …}` by POST with `Authorization: Bearer`, and
answers 200 in any case: `{"status": "queued", "id": "17"}`, `{"status": "rejected", "reason": …}`,
or another status for what may be sent again. A reference that it knows is not sent twice.
"""

from __future__ import annotations

import json
import re

from maps.notifications.errors.errors import TemporaryFailure, Undeliverable
from maps.notifications.services.service_message import (
    NotificationService,
    ServiceAnswer,
    ServiceMessage,
    ServiceRequest,
)

LONGEST = 300
"""Characters of an SMS; a gateway cuts it into parts of 67 to 153."""


def request(message: ServiceMessage, service: NotificationService) -> ServiceRequest:
    """Return the request that sends a message as one SMS.

    Raises:
        Undeliverable: If the receiver is no telephone number with its country.
    """
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", message.to):
        raise Undeliverable("is no telephone number such as +8562055501234")
    secret = service.secret
    content = {
        "from": str(service.options.get("sender", "PATROL")),
        "to": message.to,
        "text": f"{message.title}\n{message.text}"[:LONGEST],
        "reference": message.id,
    }
    return ServiceRequest(
        body=json.dumps(content).encode(),
        headers={} if secret is None else {"authorization": f"Bearer {secret.get_secret_value()}"},
    )


def outcome(answer: ServiceAnswer) -> str:
    """Return the id of a message that the gateway took.

    Raises:
        Undeliverable: If it takes no such message.
        TemporaryFailure: If it is busy, or refuses us: its key may be put right.
    """
    if answer.status != 200:
        raise TemporaryFailure(f"the SMS gateway answered {answer.status}")
    said = json.loads(answer.body)
    if said["status"] == "queued":
        return str(said["id"])
    if said["status"] == "rejected":
        raise Undeliverable(f"the SMS gateway rejects it: {said['reason']}")
    raise TemporaryFailure(f"the SMS gateway says {said['status']}")
