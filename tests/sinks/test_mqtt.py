"""The MQTT sink: events at QoS 1, retained states, and the last will, at a real broker."""

import json
import queue
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from paho.mqtt import client
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from footy.events.envelope import Envelope
from footy.history.log import Commit
from footy.history.sqlite_log import opened, opened_for_reading
from footy.sinks import mqtt
from footy.sinks.base import Again, StateSink
from footy.sinks.ledger import Ledger
from footy.sinks.mqtt import STATUS, MqttSink, MqttTarget
from footy.sinks.registry import SinkOptions, Sinks
from tests.sinks.sink_contract import SinkContract
from tests.support.broker import WITHIN_S, Publisher, RunningBroker
from tests.support.place import wait_until
from tests.support.web import match


class Reader:
    """A subscriber to everything of footy's."""

    def __init__(self, broker: RunningBroker) -> None:
        self.messages: queue.SimpleQueue[tuple[str, bytes, bool]] = queue.SimpleQueue()
        self._client = client.Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(broker.user, broker.secret)
        subscribed: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._client.on_connect = lambda one, *_: one.subscribe("footy/#", qos=1) and None
        self._client.on_subscribe = lambda *_: subscribed.put(True)
        self._client.on_message = lambda _, __, one: self.messages.put(
            (one.topic, bytes(one.payload), one.retain)
        )
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        subscribed.get(timeout=WITHIN_S)

    def until(self, topic: str, payload: bytes | None = None) -> bytes:
        while True:
            found, said, _ = self.messages.get(timeout=WITHIN_S)
            if found == topic and payload in {None, said}:
                return said

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with RunningBroker(tmp_path_factory.mktemp("broker")) as running:
        yield running


def target(broker: RunningBroker) -> MqttTarget:
    return MqttTarget(broker.url, broker.user, broker.secret)


class TestMqttSink(SinkContract):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path, shared: RunningBroker) -> Iterator[None]:
        self.path, self.broker = tmp_path / "sent.db", shared
        self.events: list[Envelope] = []
        with closing(Reader(shared)) as self.reader:
            yield

    @pytest.fixture
    def sink(self, _place: None) -> MqttSink:
        return self.again()

    def again(self) -> MqttSink:
        return MqttSink(target(self.broker), Ledger(self.path, mqtt.NAME, durable=False))

    def received(self) -> list[Envelope]:
        marker = client.Client(CallbackAPIVersion.VERSION2)
        marker.username_pw_set(self.broker.user, self.broker.secret)
        marker.connect("127.0.0.1", self.broker.port)
        marker.loop_start()
        marker.publish("footy/marker", b"", qos=1).wait_for_publish(WITHIN_S)
        marker.loop_stop()
        while True:
            topic, payload, _ = self.reader.messages.get(timeout=WITHIN_S)
            if topic == "footy/marker":
                return self.events
            if topic.startswith("footy/events/"):
                one = msgspec.json.decode(payload, type=Envelope)
                assert topic == f"footy/events/{one.type.removeprefix('footy.')}"
                self.events.append(one)

    def test_it_is_one_of_states(self, sink: MqttSink) -> None:
        assert isinstance(sink, StateSink)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningBroker]:
    with RunningBroker(tmp_path / "broker") as running:
        yield running


def sink_at(broker: RunningBroker, folder: Path) -> MqttSink:
    return MqttSink(target(broker), Ledger(folder / "sent.db", mqtt.NAME, durable=False))


def state(payload: bytes) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(payload)
    return said


def test_states_are_retained_change_and_are_cleared(broker: RunningBroker, tmp_path: Path) -> None:
    with closing(sink_at(broker, tmp_path)) as sink:
        sink.show([match(1), match(2)])
        sink.send_states()
        with closing(Reader(broker)) as late:  # what is retained comes to who subscribes later
            assert state(late.until("footy/match/m00001"))["home_score"] == 1
            sink.show([match(1, home_score=2)])
            sink.send_states()
            assert late.until("footy/match/m00001", None)
            assert late.until("footy/match/m00002", b"") == b""


def test_states_of_matches_that_left_before_a_restart_are_cleared(
    broker: RunningBroker, tmp_path: Path
) -> None:
    with closing(sink_at(broker, tmp_path)) as before:
        before.show([match(1), match(2)])
        before.send_states()
    log, _ = opened(tmp_path / "footy.db")
    log.append(Commit(0.0, {}, (), {"m00001", "m00002"}))
    log.close()
    options = SinkOptions("urn:footy:live", mqtt=target(broker), ledger=tmp_path / "sent.db")
    with (
        closing(Sinks(options, lambda: opened_for_reading(tmp_path / "footy.db"))) as sinks,
        closing(Reader(broker)) as reader,
    ):
        reader.until("footy/match/m00002")
        sinks.start()
        sinks.show([match(1)])
        assert reader.until("footy/match/m00002") == b""


def test_states_of_matches_that_left_while_the_broker_was_away_are_cleared(
    broker: RunningBroker, tmp_path: Path
) -> None:
    with closing(sink_at(broker, tmp_path)) as sink, closing(Reader(broker)) as reader:
        sink.show([match(1), match(2)])
        sink.send_states()
        sink._came(sink._ready(), None, None, ReasonCode(PacketTypes.CONNACK), None)  # connected again
        sink.show([match(1)])
        sink.send_states()
        reader.until("footy/match/m00002")
        assert reader.until("footy/match/m00002") == b""


def test_a_state_that_says_nothing_new_is_not_published_again(broker: RunningBroker, tmp_path: Path) -> None:
    with closing(sink_at(broker, tmp_path)) as sink, closing(Reader(broker)) as reader:
        record = match(1)
        sink.show([record])
        sink.send_states()
        sink.show([{**record, "fetched_at": "2026-11-26T20:00:00.000Z"}])
        sink.send_states()
        sink.show([])
        sink.send_states()
        assert state(reader.until("footy/match/m00001"))["match_id"] == "m00001"
        assert reader.until("footy/match/m00001") == b""


def test_the_status_is_online_and_offline_in_the_end(broker: RunningBroker, tmp_path: Path) -> None:
    with closing(Reader(broker)) as reader:
        sink = sink_at(broker, tmp_path)
        sink.show([match(1)])
        sink.send_states()
        reader.until(STATUS, b"online")
        sink.close()
        reader.until(STATUS, b"offline")


def test_it_is_online_again_after_the_last_will_of_a_connection_that_was_lost(
    broker: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "SAY_EVERY_S", 0.0)
    with (
        closing(sink_at(broker, tmp_path)) as sink,
        closing(Publisher(broker)) as will,
        closing(Reader(broker)) as reader,
    ):
        sink.show([match(1)])
        sink.send_states()
        will.publish(b"offline", STATUS, retain=True)
        reader.until(STATUS, b"offline")
        sink.show([match(1)])
        sink.send_states()
        reader.until(STATUS, b"online")


def test_a_broker_that_is_away_is_tried_again_and_gets_the_states_anew(
    broker: RunningBroker, tmp_path: Path
) -> None:
    with closing(sink_at(broker, tmp_path)) as sink:
        sink.show([match(1)])
        sink.send_states()
        broker.kill()
        wait_until(lambda: not sink._connected.is_set())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mqtt, "CONNECT_WITHIN_S", 0.1)
            sink.show([match(1), match(2)])
            with pytest.raises(Again):
                sink.send_states()
        broker.start()
        sink.send_states()
        with closing(Reader(broker)) as reader:
            reader.until("footy/match/m00002")


def test_a_wrong_password_is_said_without_it(
    broker: RunningBroker, tmp_path: Path, evening: list[Envelope], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "CONNECT_WITHIN_S", 0.5)
    wrong = replace(target(broker), password="a-wrong-secret")
    sink = MqttSink(wrong, Ledger(tmp_path / "sent.db", mqtt.NAME))
    with closing(sink), pytest.raises(Again) as refused:
        sink.send(evening[:1])
    assert "it answers" in str(refused.value)
    assert "a-wrong-secret" not in f"{refused.value}{wrong!r}"
