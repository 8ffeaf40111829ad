"""A rules file is used whole or not at all, and all that is wrong with it is said, a sentence each."""

import json
import logging
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footy.alerts.book import AlertBook
from footy.alerts.rules import RulesError, load
from footy.alerts.values import secrets_in
from footy.errors import Exit
from footy.service.alert_commands import check

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
GOOD = """
[targets.phone]
notify = "tgram://123456789:AAbbCCddEEffGGhh/987654321"

[rules.goalless]
when = "status_id == 3 and home_score == 0"
"""


def rule(lines: str, name: str = "r") -> str:
    return f"[rules.{name}]\n{lines}\n"


def when(condition: str) -> str:
    return rule(f"when = '''{condition}'''")


def target(lines: str, name: str = "t") -> str:
    return f"[targets.{name}]\n{lines}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.toml"


def wrong(path: Path, text: str) -> tuple[str, ...]:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RulesError) as found:
        load(path)
    return found.value.sentences


WRONG = {
    # --- the file
    "[rules.r\nwhen = 'x'": (
        "it is no TOML: Expected ']' at the end of a table declaration (at line 1, column 9)."
    ),
    "[rules.r]\nwhen = nothing": "it is no TOML: Invalid value (at line 2, column 8).",
    f"[rules.r]\nfor = {'9' * 5000}": "it is no TOML: Exceeds the limit (4300 digits)",
    "[rule.r]\nwhen = 'minute > 3'": "rule is no part of it; did you mean rules?",
    "rules = 3": "rules takes tables such as [rules.some-name].",
    "targets = ['phone']": "targets takes tables such as [targets.some-name].",
    # --- names and keys
    "[rules.Half_Time]\nwhen = 'minute > 3'": "rule Half_Time: a name has 1 to 24 of a to z, 0 to 9 and -.",
    rule("when = 'minute > 3'\nwhn = 3"): "rule r: whn is no key; did you mean when?",
    rule("say = 'x'"): "rule r has no when, the condition on which it fires.",
    rule("when = 3"): 'rule r, when: takes a condition in quotation marks, such as "status_id == 3".',
    # --- fields and types
    when("sttaus_id == 3"): (
        "rule r, when: sttaus_id is not a field (texts need quotation marks); did you mean status_id?"
    ),
    when("country == England"): (
        "rule r, when: England is not a field (texts need quotation marks); "
        "docs/record.md and docs/events.md list all."
    ),
    when("status == 3"): (
        "rule r, when: status == 3 compares a text (status) with a number (3); the number is status_id."
    ),
    when("minute > '3'"): "rule r, when: minute > '3' compares a number (minute) with a text (3).",
    when("in_play == 1"): "rule r, when: in_play == 1 compares a flag (in_play) with a number (1).",
    when("in_play > false"): "rule r, when: in_play > false: true and false cannot be ordered.",
    when("country in ('England', 3)"): (
        "rule r, when: country in ('England', 3) compares a text (country) with a number (3)."
    ),
    when("minute in 3"): (
        'rule r, when: minute in 3: in takes a list such as ("England", "Spain"), or a text to search in.'
    ),
    when("minute in (3, home_score)"): (
        "rule r, when: minute in (3, home_score): the list takes numbers and texts, not home_score."
    ),
    when("minute and in_play"): "rule r, when: minute is a number, which is neither true nor false.",
    when("not home"): "rule r, when: home is a text, which is neither true nor false.",
    when("home + away == 'x'"): "rule r, when: home is a text, and only numbers can be computed.",
    when("incidents == 3"): "rule r, when: incidents is a list; what happened is in events.",
    when("minute > null"): (
        "rule r, when: minute > null: only a field can be compared with null, by == or !=."
    ),
    when("3 == null"): "rule r, when: 3 == null: only a field can be compared with null, by == or !=.",
    when("minute is null"): "rule r, when: minute is null: write ==.",
    when("minute is not null"): "rule r, when: minute is not null: write !=.",
    # --- fields of events
    when("event == 'gaol'"): "rule r, when: event == 'gaol': event is never 'gaol'; did you mean goal?",
    when("event == 'goal' and side == 'left'"): (
        "rule r, when: side == 'left': side is never 'left'; there are home, away."
    ),
    when("event == 'goal' and market == 'spread'"): "rule r, when: an event goal has no market.",
    when("event not in ('goal', 'red') and side == 'home' and event == 'kickoff'"): (
        "rule r, when: an event kickoff has no side."
    ),
    when("event == 'goal' and event == 'red'"): "rule r, when: no event makes it true.",
    when("event in ('goal', 'alert')"): (
        "rule r, when: event in ('goal', 'alert'): event is never 'alert'; there are"
    ),
    rule("when = \"event == 'goal'\"\nfor = 60"): (
        "rule r, for: an event does not last: leave it out, or ask for fields of the record only."
    ),
    # --- signs
    when("home =~ '(a+)+b'"): (
        "rule r, when: =~ cannot be used: regular expressions are not available; compare texts with == or in."
    ),
    when("minute > 3 && in_play"): "rule r, when: && cannot be used: write and.",
    when("minute > 3 || in_play"): "rule r, when: || cannot be used: write or.",
    when("home_score = 3"): "rule r, when: it cannot be read at = 3: write == to compare.",
    when("minute > 3 and ("): "rule r, when: it cannot be read at (.",
    when("minute >"): "rule r, when: it cannot be read at",
    when(" "): "rule r, when: it is empty.",
    when("1 == 1"): "rule r, when: it names no field.",
    when("minute ** 99 > 3"): "rule r, when: minute ** 99 cannot be used in a condition.",
    when("minute if in_play else 3"): (
        "rule r, when: minute if in_play else 3 cannot be used in a condition."
    ),
    when("open('/etc/passwd') == 3"): "rule r, when: open('/etc/passwd') cannot be used in a condition.",
    when("home.__class__ == 'x'"): "rule r, when: home.__class__ is not a field",
    when("[x for x in home] == 3"): "rule r, when: [x for x in home] cannot be used in a condition.",
    when("min(minute) > 3"): "rule r, when: min(minute): min takes two numbers or more.",
    when("-" * 900 + "minute > 3"): "rule r, when: it is nested too deeply.",
    when("(" * 400 + "minute" + ")" * 400 + " > 3"): "rule r, when: it cannot be read",
    when("minute > " + "9" * 1000): "rule r, when: it has more than 1000 characters.",
    # --- the other keys of a rule
    rule("when = 'minute > 3'\nonce = 'always'"): 'rule r, once: takes "match" or "event".',
    rule("when = 'minute > 3'\nfor = 'soon'"): (
        "rule r, for: takes a time up to a day, such as 90, 45s, 5min or 2h."
    ),
    rule("when = 'minute > 3'\nfor = true"): (
        "rule r, for: takes a time up to a day, such as 90, 45s, 5min or 2h."
    ),
    rule("when = 'minute > 3'\nwon = \"event == 'goal'\""): (
        "rule r, won: event is a field of events, and only the key when may use those."
    ),
    rule("when = 'then.minute > 3'"): "rule r, when: then.minute is not a field",
    rule("when = 'minute in ()'"): "rule r, when: minute in (): the list needs at least one value.",
    rule("when = 'minute > 3'\nwon = 'then.minut > 3'"): (
        "rule r, won: then.minut is not a field (texts need quotation marks); did you mean minute?"
    ),
    rule("when = 'minute > 3'\nlost = 'home_score == 0'"): ("rule r, lost: there is no outcome without won."),
    rule("when = 'minute > 3'\nprice = 'current_money_line_home'"): (
        "rule r, price: there is no outcome without won."
    ),
    rule("when = 'minute > 3'\nwon = 'home_score > 0'\nprice = 'current_money_line_hom'"): (
        "rule r, price: 'current_money_line_hom' is no price of the record; "
        "did you mean current_money_line_home?"
    ),
    rule("when = 'minute > 3'\nwon = 'home_score > 0'\nprice = 'current_spread_line'"): (
        "rule r, price: 'current_spread_line' is no price of the record; did you mean"
    ),
    rule("when = 'minute > 3'\nsay = '{hom}'"): "rule r, say: {hom} is not a field; did you mean home?",
    rule("when = 'minute > 3'\nsay = '{side}'"): (
        "rule r, say: {side} is a field of events, and when asks for none."
    ),
    rule("when = 'minute > 3'\nsay = '{home!r}'"): "rule r, say: {home} takes no format and no conversion.",
    rule("when = 'minute > 3'\nsay = '{home:>999999999}'"): (
        "rule r, say: {home} takes no format and no conversion."
    ),
    rule("when = 'minute > 3'\nsay = '{home.__class__}'"): "rule r, say: {home.__class__} is not a field",
    rule("when = 'minute > 3'\nsay = '{}'"): "rule r, say: {} is not a field",
    rule("when = 'minute > 3'\nsay = '{home'"): (
        "rule r, say: a brace is not closed; {{ and }} write braces."
    ),
    rule("when = 'minute > 3'\nsay = '''a\nb'''"): "rule r, say: takes one line.",
    rule("when = 'minute > 3'\nsay = ''"): "rule r, say: takes a text.",
    rule("when = 'minute > 3'\nto = 'phone'"): "rule r, to: phone is no target; there are none.",
    target("command = ['/bin/true']", "phone") + rule("when = 'minute > 3'\nto = 'fone'"): (
        "rule r, to: fone is no target; did you mean phone?"
    ),
    rule("when = 'minute > 3'\nto = [3]"): (
        'rule r, to: takes names of targets, such as "phone" or ["phone", "desk"].'
    ),
    # --- targets
    target("max_age = 3"): "target t takes one of notify, webhook, command and sink.",
    target("notify = 'json://x'\ncommand = ['/bin/true']"): (
        "target t takes one of notify, webhook, command and sink."
    ),
    target("notify = 'telegram'"): "target t, notify: takes an address such as tgram://TOKEN/CHAT.",
    target("notify_file = 'no-such'"): (
        "target t, notify_file: the file cannot be read (No such file or directory)."
    ),
    target("notify_file = '/dev/zero'"): "target t, notify_file: the file cannot be read (is no file).",
    target("notify_file = '/'"): "target t, notify_file: the file cannot be read (Is a directory).",
    target("notify_file = '~nobody-at-all/x'"): (
        "target t, notify_file: the file cannot be read (Could not determine home directory.)."
    ),
    target(f"webhook = 'ftp://example.com'\nsecret = '{KEY}'"): (
        "target t, webhook: takes an address such as https://example.com/hook."
    ),
    target("webhook = 'https://example.com/hook'"): (
        "target t takes secret, or secret_file with the path of a file that has it."
    ),
    target("webhook = 'https://example.com/hook'\nsecret = 'hunter2hunter2'"): (
        "target t, secret: takes whsec_ and 24 to 64 bytes in Base64, as the Standard Webhooks have it."
    ),
    target("command = 'echo'"): (
        'target t, command: takes a program and its arguments, such as ["/usr/local/bin/ring", "--loud"].'
    ),
    target("command = ['echo']"): "target t, command: takes the absolute path of a program.",
    target("command = ['/no/such']"): "target t, command: /no/such is no program that can be run.",
    target("command = ['/bin/true']\nevents = ['gaol']"): (
        "target t, events: gaol is no type of event; did you mean goal?"
    ),
    target("command = ['/bin/true']\nevents = 'some'"): (
        'target t, events: takes "all", or types of events such as ["alert", "goal"].'
    ),
    target("command = ['/bin/true']\nmax_age = -3"): (
        "target t, max_age: takes a time up to a day, such as 90, 45s, 5min or 2h."
    ),
    target("command = ['/bin/true']\nsecret = 'x'"): "target t: secret is no key;",
}


VALUES = st.one_of(
    st.text(max_size=30).map(json.dumps),
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.sampled_from(
        ("nan", "-inf", "1e300", "true", "[]", "{}", "[[1]]", "1979-05-27", '["a", 3]', '""', "{a = 1}")
    ),
)
WORDS = (
    *("minute", "home", "in_play", "event", "side", "then.minute", "status", "after.line", "null", "true"),
    *(
        "3",
        "0.5",
        "'goal'",
        '"x"',
        "1e999",
        "==",
        "!=",
        "<",
        ">",
        "and",
        "or",
        "not",
        "in",
        "(",
        ")",
        ",",
        "[",
        "]",
    ),
    *("+", "-", "/", "*", "abs(", "min(", "max(", "home.x", "$", "{", "&&", "=~", "\\", "-1", "é", "\u2028"),
)


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_each_thing_that_is_wrong_is_one_sentence(path: Path, text: str) -> None:
    [sentence] = wrong(path, text)
    assert sentence.startswith(f"{path}: {WRONG[text]}")
    assert sentence.endswith((".", "?"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(max_size=60),
        st.tuples(
            st.sampled_from(("when", "once", "for", "won", "lost", "void", "price", "say", "to", "x")), VALUES
        ).map(
            lambda pair: rule(
                f"when = 'minute > 3'\n{pair[0]} = {pair[1]}".removeprefix(
                    "when = 'minute > 3'\n" if pair[0] == "when" else ""
                )
            )
        ),
        st.tuples(
            st.sampled_from(
                ("notify", "webhook", "command", "sink", "events", "max_age", "timeout", "secret")
            ),
            VALUES,
        ).map(lambda pair: target(f"{pair[0]} = {pair[1]}")),
        st.text(max_size=40).map(lambda text: rule(f"when = {json.dumps(text)}")),
        st.lists(st.sampled_from(WORDS), max_size=8).map(lambda words: when(" ".join(words))),
        st.lists(st.sampled_from(WORDS), max_size=8).map(
            lambda words: rule(f"when = 'minute > 3'\nwon = {json.dumps(' '.join(words))}")
        ),
    )
)
def test_whatever_is_in_the_file_is_used_or_refused_in_sentences(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    said: list[str] = []
    code = check(path, said.append)
    assert code in {Exit.OK, Exit.CONFIG}
    if code is Exit.CONFIG:
        for sentence in said:
            assert sentence.isprintable(), sentence
            assert sentence.endswith((".", "?")) or sentence.startswith("warning: ")


def test_all_that_is_wrong_is_said(path: Path) -> None:
    text = when("status == 3") + rule("when = 'minute > 3'\nsay = '{hom}'\nto = 'desk'", "other")
    assert [one.partition(":")[2].split(":")[0].strip() for one in wrong(path, text)] == [
        "rule r, when",
        "rule other, say",
        "rule other, to",
    ]


def test_a_good_file_is_read(path: Path) -> None:
    path.write_text(GOOD + 'once = "match"\nfor = "5min"\nto = "phone"\n', encoding="utf-8")
    rules = load(path)
    [goalless] = rules.rules
    assert (goalless.name, goalless.once, goalless.for_s, goalless.to) == (
        "goalless",
        "match",
        300,
        ("phone",),
    )
    assert goalless.when.fields == {"status_id", "home_score"}
    [phone] = rules.targets
    assert (phone.kind, phone.events, phone.max_age_s) == ("notify", ("alert",), 300)
    assert rules.warnings == () or "chmod 600" in rules.warnings[0]


def test_secrets_are_in_no_text_of_a_target(path: Path) -> None:
    path.write_text(
        GOOD + target(f"webhook = 'https://me:hunter2hunter2@example.com/hook'\nsecret = '{KEY}'"),
        encoding="utf-8",
    )
    rules = load(path)
    assert "AAbbCCdd" not in repr(rules)
    assert {"AAbbCCddEEffGGhh", "hunter2hunter2", KEY} <= {*rules.secrets}


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("tgram://123456789:AAbbCCddEEffGGhh/987654321", ["987654321", "123456789", "AAbbCCddEEffGGhh"]),
        ("https://hooks.example.com/services/football/T0AAAAAAA1", ["T0AAAAAAA1"]),
        (
            "mailtos://me:correct-horse@mail.example.com?to=me@example.com",
            ["correct-horse", "me@example.com"],
        ),
        ("mailto://me:p%40ssw0rd%21@mail.example.com", ["p%40ssw0rd%21", "p@ssw0rd!"]),
        ("json://127.0.0.1:8080/hook", []),
    ],
)
def test_secrets_of_an_address_are_its_tokens_not_its_words(url: str, secrets: list[str]) -> None:
    assert sorted(secrets_in(url)) == sorted(secrets)


def test_a_secret_may_be_in_a_file_beside(path: Path) -> None:
    (path.parent / "key").write_text(f"{KEY}\n", encoding="utf-8")
    path.write_text(target("webhook = 'https://example.com/hook'\nsecret_file = 'key'"), encoding="utf-8")
    [found] = load(path).targets
    assert found.secret == KEY


def test_a_file_that_others_may_write_is_refused(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-8")
    path.chmod(0o664)
    with pytest.raises(RulesError, match=rf"{path} may be written by others.*: chmod go-w {path}"):
        load(path)
    path.chmod(0o600)
    path.parent.chmod(0o777)
    with pytest.raises(RulesError, match=f"chmod go-w {path.parent}"):
        load(path)
    path.parent.chmod(0o700)
    assert len(load(path).rules) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_somebody_else_is_refused(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-8")
    os.chown(path, 65534, 65534)
    with pytest.raises(RulesError, match="belongs to another user"):
        load(path)


def test_a_secret_that_everybody_may_read_is_a_warning(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-8")
    path.chmod(0o644)
    [warning] = load(path).warnings
    assert warning == f"every user of this machine can read the secrets in {path}: chmod 600 {path}"
    path.chmod(0o600)
    assert load(path).warnings == ()


def test_what_is_no_text_or_no_file_is_refused(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RulesError, match="it is no text in UTF-8"):
        load(path)
    path.unlink()
    with pytest.raises(RulesError, match="cannot be read"):
        load(path)
    path.mkdir()
    with pytest.raises(RulesError, match=r"is no file|cannot be read"):
        load(path)
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(RulesError, match="is no file"):
        load(path)


def test_a_mark_of_the_byte_order_is_no_part_of_the_text(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load(path).rules


def test_what_looks_like_an_address_in_settings_and_is_none_is_a_secret(path: Path) -> None:
    address = "https://user:hunter2hunter2@[::1/x"
    path.write_text(f"[targets.t]\nsink = 'table'\nsettings = {{ to = '{address}' }}", encoding="utf-8")
    assert load(path).secrets == (address,)


def test_a_file_that_cannot_be_looked_at_leaves_the_rules_as_they_are(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-8")
    book = AlertBook(path)
    book.refresh()
    path.unlink()
    path.symlink_to(path)
    assert not book.refresh()
    assert len(book.rules.rules) == 1
    assert "cannot be read (Too many levels of symbolic links)" in str(book.problem)


def test_the_file_is_read_again_when_it_changes(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    book = AlertBook(path)
    assert not book.refresh()
    assert not book.rules.rules
    path.write_text(GOOD, encoding="utf-8")
    assert book.refresh()
    assert not book.refresh()
    [before] = book.rules.rules
    path.write_text(GOOD.replace("status_id", "sttaus_id"), encoding="utf-8")
    with caplog.at_level(logging.ERROR):
        assert not book.refresh()
        assert not book.refresh()
    assert book.rules.rules == (before,)
    assert book.problem is not None
    assert book.problem.endswith("did you mean status_id? The rules before are still in use.")
    assert [one for one in caplog.messages if "rule goalless" in one] == [book.problem]
    path.write_text(GOOD.replace("home_score", "away_score"), encoding="utf-8")
    assert book.refresh()
    assert book.problem is None
    assert book.rules.rules[0].when.fields == {"status_id", "away_score"}
    path.unlink()
    assert book.refresh()
    assert len(book.rules.rules) == 0
