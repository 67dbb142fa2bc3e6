"""Which passwords are refused: short ones, and those that anybody would try first. Pure.

Length decides (8 is the least, 15 is recommended); no kinds of characters are demanded, as NIST SP 800-63B
§3.1.1 advises. Refused besides are common passwords, with digits and signs around them or not, plain sequences,
repetitions, dates and phone numbers, and the names of the product, the site and the person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LEAST_LETTERS = 8
MOST_LETTERS = 128

_SEQUENCES = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyzabcdef",
    "qwertyuiopqwertyuiop",
    "asdfghjklasdfghjkl",
    "zxcvbnmzxcvbnm",
    "qwertyuiopasdfghjklzxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "!qaz@wsx#edc$rfv%tgb^yhn&ujm",
    "!@#$%^&*()_+",
    "abc123abc123",
    "a1b2c3d4e5f6g7h8i9",
    "1a2b3c4d5e6f7g8h9i",
)
# What stays of a common password once the digits and signs around it are gone.
_COMMON_WORDS = """
    password passwd passwort pass passcode passphrase mypassword pwd parola contrasena motdepasse
    admin administrator adminadmin root toor superuser sysadmin system manager master operator supervisor user guest
    test tester testtest demo default changeme change temp temporary secret private login logon signin welcome hello
    helloworld letmein letmeinnow openopen opensesame access enter server service support web website oracle mysql
    postgres redis linux ubuntu windows microsoft apple google android iphone samsung huawei xiaomi lenovo tencent
    weixin wechat qq qqqq taobao alipay baidu alibaba douyin
    qwerty qwertyui qwertyuiop qwert qwer asdf asdfgh asdfghjkl zxcvbn zxcvbnm zxcv qazwsx qazwsxedc azerty
    abc abcd abcde abcdef abcdefg abcdefgh aaa aaaa abcabc aabbcc xyz
    iloveyou ilovyou loveyou loveme lovely love mylove forever baby babygirl honey sweetheart sweety angel princess
    prince queen king lovers darling kiss sunshine sunflower flower rainbow butterfly summer winter autumn spring
    monday tuesday wednesday thursday friday saturday sunday january february march april june july august september
    october november december monkey dragon tiger lion eagle panda kitty kitten cat dog puppy pokemon pikachu naruto
    superman batman spiderman ironman starwars matrix ninja samurai pirate wizard shadow ghost hunter killer warrior
    football baseball basketball soccer hockey tennis golf chelsea arsenal liverpool barcelona realmadrid juventus
    lakers yankees cowboys michael jordan jennifer jessica ashley amanda michelle nicole daniel thomas robert charlie
    george andrew joshua matthew william james john david mary anna maria computer internet network mobile phone
    freedom liberty whatever nothing something anything trustno trust trustnoone chocolate cookie cheese banana orange
    cherry apple pepper ginger coffee diamond gold silver money business success winner lucky happy smile friends
    family mother father mommy daddy brother sister music guitar piano rockyou rock metallica nirvana blink hotmail
    gmail yahoo facebook twitter instagram youtube linkedin china chinese beijing shanghai guangzhou shenzhen henan
    hunan hubei hebei shandong sichuan guangdong zhejiang jiangsu zhongguo zhonghua woaini woaiwojia woaizhongguo
    aiwoma woshi nihao nihaoma dajiahao mima wodemima woxihuanni wangluo diannao gongsi xuexi laoshi xuesheng
    tiantian xiaoxiao baobao baobei laopo laogong mama baba jiejie gege meimei didi wangwei wangfang liwei lina
    zhangwei zhangmin liuwei chenchen zhangsan lisi wangwu asd asdasd qwe qweqwe qweasd qweasdzxc qwaszx zaq zaqwsx
    xsw xswzaq aaaaaaaa p pa ps pw key keys mykey token security secure safe safety lock unlock hacker hacked cheat
"""
_COMMON_NUMBERS = """
    5201314 520131400 1314520 13145200 52013145 7758521 7758258 77585210 147258369 159357456 147852369 123654789
    987654321 963852741 741852963 789456123 456123789 321654987 11223344 1122334455 12344321 1234554321 123321123
    10203040 102030405 110110110 119119119 12301230 20082008 31415926 314159265 11235813 24681357 13572468 135792468
    12131415 1020304050 88886666 66668888 00001111 11110000 16816888 51888888 18181818 14725836 15975346 36925814
"""
# The product, what it is about and where it runs; the site's and the person's own names come with the call.
_CONTEXT_WORDS = """
    quizapp quiz contest contests pufa pufazhishi jingsai zhishijingsai dati datijingsai falv fazhi xianfa sifa
    sifaju minfa minzongwei law legal justice constitution 普法 竞赛 法律 法治 宪法 司法局 知识竞赛 密码 管理员
"""
_common_words = frozenset(_COMMON_WORDS.split())
_common_numbers = frozenset(_COMMON_NUMBERS.split())
_context_words = frozenset(_CONTEXT_WORDS.split())
_LEET = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_LETTERS_AROUND = re.compile(r"^[^\W\d_]{1,6}|[^\W\d_]{1,6}$")
_SIGNS = re.compile(r"[\W_]+")
_DATE = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_DATE_BACKWARDS = re.compile(r"(?:0[1-9]|[12][0-9]|3[01]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:19|20)[0-9]{2}")
_MOBILE = re.compile(r"(?:86)?1[3-9][0-9]{9}")
_MOST_ROUND = 6
"""So many digits or signs around a common word do not make it a good password."""


def normalise(password: str) -> str:
    """The same characters whatever keyboard composed them (NFC); nothing else is changed."""
    return unicodedata.normalize("NFC", password)


def find_weakness(password: str, *, names: Iterable[str] = ()) -> str | None:
    """Why a password is refused, or None: too_short, too_long, unreadable, repeats, sequence, common or context.

    `names` are those of the person and the site.
    """
    if any("\ud800" <= letter <= "\udfff" for letter in password):
        return "unreadable"
    if len(password) < LEAST_LETTERS:
        return "too_short"
    if len(password) > MOST_LETTERS:
        return "too_long"
    plain = unicodedata.normalize("NFKC", password).casefold().strip()
    if _repeats(plain):
        return "repeats"
    if _is_sequence(plain):
        return "sequence"
    if _is_common(plain):
        return "common"
    return "context" if _is_from_context(plain, names) else None


def _repeats(plain: str) -> bool:
    """One short piece over and over ("abab…", "11111111"), or fewer than four different characters."""
    return len(set(plain)) < 4 or any(
        (plain[:length] * len(plain))[: len(plain)] == plain for length in range(1, min(5, len(plain) // 2 + 1))
    )


def _is_sequence(plain: str) -> bool:
    """A run along the keyboard, the alphabet or the digits, forwards or backwards, with a little around it."""
    core = _SIGNS.sub("", plain)
    for text in {plain, core, plain.rstrip("0123456789"), plain.lstrip("0123456789"), _LETTERS_AROUND.sub("", core)}:
        runs = (run for run in _SEQUENCES if text in run or text[::-1] in run)
        if len(text) >= 6 and len(plain) - len(text) <= _MOST_ROUND and any(runs):
            return True
    return False


def _is_common(plain: str) -> bool:
    digits = _LETTERS_AROUND.sub("", _SIGNS.sub("", plain))
    if digits.isdigit() and (
        digits in _common_numbers
        or _MOBILE.fullmatch(digits)
        or _DATE.fullmatch(digits)
        or _DATE_BACKWARDS.fullmatch(digits)
    ):
        return True
    return any(_is_worn(text, _common_words) for text in _readings(plain))


def _is_from_context(plain: str, names: Iterable[str]) -> bool:
    words = {unicodedata.normalize("NFKC", name).casefold().strip() for name in names} | _context_words
    words |= {_SIGNS.sub("", word) for word in words}
    known = frozenset(word for word in words if len(word) >= 2)
    return any(_is_worn(text, known) for text in (*_readings(plain), _SIGNS.sub("", plain)))


def _readings(plain: str) -> tuple[str, ...]:
    """The text as it is and with digits and signs read as the letters they stand for ("p@ssw0rd!")."""
    return (
        plain,
        plain.translate(_LEET),
        plain.strip("!$@_-.?*#").translate(_LEET),
        _EDGES.sub("", plain).translate(_LEET),
    )


def _is_worn(text: str, words: frozenset[str]) -> bool:
    """Whether nothing but a known word, or the same twice, is left once the digits and signs around it are gone."""
    if text in words:
        return True
    core = _EDGES.sub("", text)
    half = core[: len(core) // 2]
    is_known = core in words or (half * 2 == core and half in words)
    return is_known and len(text) - len(core) <= _MOST_ROUND
