"""The `radio-gateway decode` command, run as a person would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from radio_gateway.decoding.framing import LineFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.technician.decode import StreamDecoder, as_json
from tests.fixtures.command_process import forked_run
from tests.fixtures.needs import shared
from tests.radio_gateway.protocols.sentences import CAPTURES, sentence

GGA = sentence("GPGGA,235958,2016.38,N,10024.72,E,1,9,0.9,352,M,,M,,")
RMC = sentence("GPRMC,115958.00,A,2016.3800,N,10024.7200,E,9.72,162.6,251125,,,A")
RESULT = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    words = ["decode", *arguments]
    code, out, faults = forked_run(words, Path.cwd(), input=given, package="radio_gateway")
    return subprocess.CompletedProcess(words, code, out.encode(), faults.encode())


def decoded(*arguments: str, given: bytes) -> RESULT:
    done = run(*arguments, given=given)
    assert done.returncode == 0, done.stderr
    payloads, refused = done.stdout.splitlines(), done.stderr.splitlines()
    return [json.loads(line) for line in payloads], [json.loads(line) for line in refused]


def test_transmissions_go_to_standard_output_and_rejected_frames_to_standard_error() -> None:
    bodies, refused = decoded("--protocol", "nmea0183", given=RMC + b"\r\n" + RMC[:-2] + b"00\r\n")
    assert len(bodies) == 1
    assert bodies[0] == {
        "protocol": "nmea0183",
        "kind": "position",
        "time_utc": "2025-11-25T11:59:58Z",
        "emergency": False,
        "fix": True,
        "lat": 20.273,
        "lon": 100.412,
        "speed_mps": pytest.approx(5.0004),
        "course_deg": 162.6,
        "talker": "GP",
    }
    assert [each["reason"] for each in refused] == ["bad_checksum"]
    assert refused[0]["frame"] == (RMC[:-2] + b"00").decode()


def test_time_is_dated_only_when_the_time_of_reception_is_given() -> None:
    (undated,), _ = decoded("--protocol", "nmea0183.gga", given=GGA)
    assert "time_utc" not in undated
    (dated,), _ = decoded(
        "--protocol", "nmea0183", "--received-at", "2026-01-01T07:00:05+07:00", given=GGA
    )
    assert dated["time_utc"] == "2025-12-31T23:59:58Z"


def test_hexadecimal_input_is_decoded_like_its_bytes() -> None:
    text = (b"\xff\x00" + RMC + b"\r\n").hex(" ").encode() + b"\n"
    bodies, refused = decoded("--protocol", "nmea0183", "--hex", given=text)
    assert (len(bodies), refused) == (1, [])


def test_frame_that_is_not_text_is_shown_in_hexadecimal() -> None:
    _, refused = decoded("--protocol", "nmea0183", given=b"$GPRMC,\x0e*00\n")
    assert refused[0]["frame_hex"] == b"$GPRMC,\x0e*00".hex()


def test_encrypted_message_is_read_with_the_secret_of_a_file(tmp_path: Path) -> None:
    path = shared("vectors", "vectors.jsonl")
    vectors = map(json.loads, path.read_bytes().splitlines())
    vector = next(each for each in vectors if each["id"] == "own-enc-001")
    secret = tmp_path / "secret"
    secret.write_text(vector["keys"]["secret"] + "\n")
    arguments = ["--protocol", "owntracks", "--topic", vector["topic"]]
    (body,), _ = decoded(*arguments, "--secret-file", str(secret), given=vector["input"].encode())
    assert (body["device"], body["lat"]) == ("jane/phone", 17.95795)
    _, (refused,) = decoded(*arguments, given=vector["input"].encode())
    assert refused["reason"] == "no_key"


def test_messages_may_come_one_a_line_or_as_one_document_over_several_lines() -> None:
    message = {"device": "boat-3", "lon": 100.4, "lat": 20.3}
    line = json.dumps(message).encode()
    bodies, _ = decoded("--protocol", "position_json", given=line + b"\n\n" + line + b"\n")
    assert len(bodies) == 2
    bodies, _ = decoded("--protocol", "position_json", given=json.dumps(message, indent=2).encode())
    assert len(bodies) == 1


def test_message_received_twice_is_decoded_once() -> None:
    first = sentence("AIVDM,1,1,,A,181:Kjh01ewHFRPDK1s3IRcn06sd,0", "!")
    second = sentence("AIVDM,1,1,,B,181:Kjh01ewHFRPDK1s3IRcn06sd,0", "!")
    bodies, refused = decoded("--protocol", "ais", given=first + b"\r\n" + second + b"\r\n")
    assert (len(bodies), refused) == (1, [])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--protocol", "semaphore"], "semaphore"),
        ([], "protocol"),
        (["--protocol", "ais", "--received-at", "noon"], "received-at"),
        (["--protocol", "ais", "--received-at", "2026-01-01T00:00:00"], "offset"),
        (["--protocol", "ais", "--hex"], "hexadecimal"),
        (["--vectors", "/nowhere/vectors.jsonl"], "vectors"),
    ],
)
def test_wrong_use_is_explained(arguments: list[str], complaint: str) -> None:
    done = run(*arguments, given=b"no hex")
    assert done.returncode == 2
    assert complaint in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_file_of_vectors_gives_one_line_each_in_order(tmp_path: Path) -> None:
    vectors: list[dict[str, Any]] = [
        {"id": "a", "protocol": "nmea0183.rmc", "input": RMC.decode(), "expect": {"lat": 5}},
        {"id": "b", "protocol": "semaphore", "input": "x"},
        {"id": "c", "protocol": "nmea0183", "input_hex": (RMC + b"\n" + RMC[:-1]).hex()},
    ]
    path = tmp_path / "vectors.jsonl"
    path.write_text("\n".join(json.dumps(vector) for vector in vectors) + "\n\n")
    bodies, rejected = decoded("--vectors", str(path), given=b"")
    assert [(each["id"], each["reason"]) for each in rejected] == [
        ("b", "unknown_protocol"),
        ("c", "bad_checksum"),
    ]
    assert rejected[0]["detail"].startswith("'semaphore' is none of nmea0183, ")
    assert rejected[1]["frame"] == RMC[:-1].decode()
    assert [each["id"] for each in bodies] == ["a", "b", "c"]
    assert [len(each["transmissions"]) for each in bodies] == [1, 0, 1]
    assert [each["errors"] for each in bodies] == [0, 1, 1]
    assert bodies[0]["transmissions"][0]["lat"] == 20.273  # whatever `expect` says


def test_file_that_holds_no_vectors_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "vectors.jsonl"
    path.write_text('{"id": "a", "protocol": "ais", "input": "x"}\n{"id": 5}\n')
    done = run("--vectors", str(path))
    assert done.returncode == 2
    assert b"line 2" in done.stderr


def test_position_of_a_live_receiver_is_printed_while_the_stream_is_open() -> None:
    command = [sys.executable, "-m", "radio_gateway", "decode", "--protocol", "nmea0183"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        os.write(process.stdin.fileno(), RMC + b"\r\n")
        assert json.loads(process.stdout.readline())["lat"] == 20.273
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_stream_decoder_gives_what_a_channel_would_for_a_capture() -> None:
    data = (CAPTURES / "river.aivdm").read_bytes()
    stream = StreamDecoder("ais")
    bodies = [
        as_json(each)
        for part in (stream.feed(data), stream.close())
        for each in part
        if not isinstance(each, FrameError)
    ]
    assert len(bodies) == len(LineFramer().feed(data)) - 1  # two fragments are one message
    assert bodies[2]["shipname"] == "NAGA 2"
    assert [each["emergency"] for each in bodies].count(True) == 2
