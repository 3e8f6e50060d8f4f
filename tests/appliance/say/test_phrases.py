"""Numbers, times and amounts in three languages, beside what others make of the same numbers."""

from __future__ import annotations

import random
import tomllib
from datetime import date, time, timedelta
from typing import get_args

import cn2an
import pytest
from num2words import num2words

from appliance.say import phrases
from appliance.say.catalogue import FOLDER, texts
from appliance.say.russian import Russian, _ordinal
from appliance.say.words import Currency, Noun

TEXTS = texts()
SEED = 6
LARGE = [random.Random(SEED).randrange(10**power) for power in range(4, 10) for _ in range(100)]
NUMBERS = [*range(1001), *LARGE, 10**4, 10**6, 2 * 10**6, 10**8, 999_999_999]


def said(names: list[str]) -> str:
    """What the prompts say one after the other; Chinese has no spaces."""
    joint = "" if names and names[0].startswith("zh") else " "
    return joint.join(TEXTS[name] for name in names)


def plain(words: str) -> str:
    return words.replace(",", "").replace("-", " ").replace("ё", "е")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_cardinals_are_those_of_num2words(language: str) -> None:
    for n in NUMBERS:
        assert plain(said(phrases.number(language, n))) == plain(num2words(n, lang=language)), n


def test_chinese_cardinals_are_those_of_cn2an_but_for_the_spoken_two() -> None:
    """cn2an writes 二 everywhere; 两千, 两万 and 两亿 at the head of a number are what people say."""
    for n in NUMBERS:
        ours = said(phrases.number("zh", n))
        assert ours.replace("两", "二") == cn2an.an2cn(n).removeprefix("一" if 10 <= n < 20 else ""), n


@pytest.mark.parametrize("language", ["en", "ru"])
def test_ordinals_are_those_of_num2words(language: str) -> None:
    for n in range(1, 1000):
        expected = num2words(n, lang=language, to="ordinal")
        assert plain(said(phrases.ordinal(language, n))) == plain(expected), n


@pytest.mark.parametrize(("noun", "gender"), [("minute", "f"), ("hour", "m"), ("message", "n")])
def test_russian_numbers_take_gender_and_case_from_what_is_counted(noun: Noun, gender: str) -> None:
    """The row "needs gender" of the peers: одна минута, один час, одно сообщение; от одной до двух."""
    for n in range(1, 1000):
        assert plain(said(phrases.counted("ru", n, noun)[:-1])) == plain(
            num2words(n, lang="ru", gender=gender)
        ), n
        if gender != "n":
            genitive = said([f"ru/{piece}" for piece in Russian()._genitive(n, noun)])
            assert plain(genitive) == plain(num2words(n, lang="ru", gender=gender, case="g")), n


def test_russian_days_and_years_are_ordinals_of_their_own_form() -> None:
    for n in (each for each in range(1, 1000) if each % 100):
        year = said([f"ru/{piece}" for piece in _ordinal(n, "year")])
        assert plain(year) == plain(num2words(n, lang="ru", to="ordinal", case="g")), n
        if n < 32:
            day = said([f"ru/{piece}" for piece in _ordinal(n, "day")])
            assert plain(day) == plain(num2words(n, lang="ru", to="ordinal", gender="n")), n


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (2, "二"),
        (10, "十"),
        (15, "十五"),
        (20, "二十"),
        (101, "一百零一"),
        (110, "一百一十"),
        (202, "二百零二"),
        (1005, "一千零五"),
        (1050, "一千零五十"),
        (2222, "两千二百二十二"),
        (10_010, "一万零一十"),
        (12_000, "一万二千"),
        (20_002, "两万零二"),
        (120_000, "十二万"),
        (205_000, "二十万五千"),
        (100_500, "十万零五百"),
        (200_000_000, "两亿"),
        (100_100_000, "一亿零一十万"),
    ],
)
def test_chinese_zeros_and_twos(n: int, words: str) -> None:
    assert said(phrases.number("zh", n)) == words


@pytest.mark.parametrize(
    ("language", "n", "words"),
    [
        ("en", 1, "one minute"),
        ("en", 21, "twenty one minutes"),
        ("ru", 1, "одна минута"),
        ("ru", 2, "две минуты"),
        ("ru", 5, "пять минут"),
        ("ru", 11, "одиннадцать минут"),
        ("ru", 12, "двенадцать минут"),
        ("ru", 21, "двадцать одна минута"),
        ("ru", 1001, "одна тысяча одна минута"),
        ("ru", 112, "сто двенадцать минут"),
        ("zh", 1, "一分钟"),
        ("zh", 2, "两分钟"),
        ("zh", 12, "十二分钟"),
        ("zh", 22, "二十二分钟"),
    ],
)
def test_minutes_have_the_form_that_the_number_asks_for(
    language: phrases.Language, n: int, words: str
) -> None:
    assert said(phrases.counted(language, n, "minute")) == words


@pytest.mark.parametrize(
    ("language", "low", "high", "words"),
    [
        ("en", 3, 5, "Your waiting time is between three and five minutes"),
        ("en", 0, 5, "Your waiting time is less than five minutes"),
        ("en", 0, 0, "Your waiting time is less than one minute"),
        ("en", 3, 3, "Your waiting time is about three minutes"),
        ("en", 50, 70, "Your waiting time is between fifty and seventy minutes"),
        ("en", 60, 100, "Your waiting time is more than one hour"),
        ("en", 10**9, 10**9, "Your waiting time is more than nine hundred and ninety nine hours"),
        ("en", -3, -5, "Your waiting time is less than one minute"),
        ("ru", 3, 5, "Примерное время ожидания от трёх до пяти минут"),
        ("ru", 1, 2, "Примерное время ожидания от одной до двух минут"),
        ("ru", 2, 21, "Примерное время ожидания от двух до двадцати одной минуты"),
        ("ru", 1, 1, "Время ожидания около одной минуты"),
        ("ru", 0, 2, "Время ожидания менее двух минут"),
        ("ru", 61, 90, "Время ожидания более одного часа"),
        ("ru", 300, 400, "Время ожидания более пяти часов"),
        ("zh", 2, 3, "预计等待时间为两到三分钟"),
        ("zh", 1, 2, "预计等待时间为一到两分钟"),
        ("zh", 120, 200, "预计等待时间超过两小时"),
    ],
)
def test_a_wait_is_a_sentence(language: phrases.Language, low: int, high: int, words: str) -> None:
    assert said(phrases.wait_between(language, low, high)) == words


@pytest.mark.parametrize(
    ("language", "n", "words"),
    [
        ("en", 1, "You are number one in the queue."),
        ("en", 121, "You are number one hundred and twenty one in the queue."),
        ("ru", 1, "Вы первый в очереди."),
        ("ru", 21, "Вы двадцать первый в очереди."),
        ("zh", 2, "您排在第二位。"),
        ("zh", 12, "您排在第十二位。"),
        ("en", 0, "You are number one in the queue."),
    ],
)
def test_a_position_is_a_sentence(language: phrases.Language, n: int, words: str) -> None:
    assert said(phrases.position(language, n)) == words


def test_a_telephone_number_is_read_key_by_key_in_groups() -> None:
    assert said(phrases.digits("en", "+49 30-1234567")).split("  ") == [
        "plus four nine",
        "three zero",
        "one two three",
        "four five six seven",
    ]
    assert phrases.digits("zh", "110") == ["zh/yao", "zh/yao", "zh/0"]
    assert phrases.digits("ru", "12*#") == ["ru/1-m", "ru/2", "ru/star", "ru/hash"]
    assert phrases.digits("en", "ext.") == phrases.digits("en", "") == []


@pytest.mark.parametrize(
    ("language", "hundredths", "currency", "words"),
    [
        ("en", 520, "USD", "five dollars and twenty cents"),
        ("en", 101, "GBP", "one pound and one penny"),
        ("en", 0, "EUR", "zero euros"),
        ("en", -150, "EUR", "minus one euro and fifty cents"),
        ("ru", 2102, "RUB", "двадцать один рубль две копейки"),
        ("ru", 100_001, "RUB", "одна тысяча рублей одна копейка"),
        ("ru", 30, "USD", "тридцать центов"),
        ("zh", 520, "CNY", "五元两角"),
        ("zh", 205, "CNY", "两元零五分"),
        ("zh", 220, "USD", "两美元二十美分"),
    ],
)
def test_money(language: phrases.Language, hundredths: int, currency: Currency, words: str) -> None:
    assert said(phrases.amount(language, hundredths, currency)) == words


@pytest.mark.parametrize(
    ("language", "day", "words"),
    [
        ("en", date(2026, 11, 21), "November twenty first twenty twenty six"),
        ("en", date(2005, 1, 3), "January third two thousand and five"),
        ("ru", date(2026, 11, 23), "двадцать третье ноября две тысячи двадцать шестого года"),
        ("ru", date(2000, 3, 1), "первое марта двухтысячного года"),
        ("ru", date(1999, 5, 31), "тридцать первое мая тысяча девятьсот девяносто девятого года"),
        ("zh", date(2026, 2, 22), "二零二六年二月二十二日"),
    ],
)
def test_dates(language: phrases.Language, day: date, words: str) -> None:
    assert said(phrases.date(language, day)) == words


@pytest.mark.parametrize(
    ("language", "at", "words"),
    [
        ("en", time(15, 5), "three oh five P M"),
        ("en", time(0, 0), "midnight"),
        ("en", time(12, 0), "noon"),
        ("en", time(0, 30), "twelve thirty A M"),
        ("ru", time(1, 1), "один час одна минута"),
        ("ru", time(22, 0), "двадцать два часа"),
        ("ru", time(0, 15), "ноль часов пятнадцать минут"),
        ("zh", time(2, 5), "两点零五分"),
        ("zh", time(12, 0), "十二点整"),
    ],
)
def test_times_of_day(language: phrases.Language, at: time, words: str) -> None:
    assert said(phrases.time(language, at)) == words


@pytest.mark.parametrize("language", phrases.GRAMMARS)
def test_every_piece_is_in_the_catalogue_and_every_piece_there_is_used(language: phrases.Language) -> None:
    used: set[str] = set(phrases.digits(language, "0123456789+*# 12345"))
    for n in [*NUMBERS, -1, 10**12]:
        used.update(phrases.number(language, n), phrases.ordinal(language, n), phrases.position(language, n))
        used.update(phrases.wait_between(language, n % 900, n % 1300))
        for noun in get_args(Noun):
            used.update(phrases.counted(language, n, noun))
        for currency in get_args(Currency):
            used.update(phrases.amount(language, n, currency))
    for minute in range(24 * 60):
        used.update(phrases.time(language, time(minute // 60, minute % 60)))
    for number in range(0, 365 * 198, 17):
        used.update(phrases.date(language, date(1901, 1, 1) + timedelta(days=number)))
    for minutes in range(1, 999):
        used.update(phrases.wait_between(language, min(minutes, 59), minutes))
    text = (FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    assert used == {f"{language}/{name}" for name in tomllib.loads(text)["pieces"]}
