"""Values that dialogues are about: names, towns, words, and endless invented ones."""

from __future__ import annotations

from random import Random


def listed(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


NAMES = listed(
    """Ada Adam Ahmed Aisha Alan Alice Amir Ana Andrei Anna Anton Aria Arjun Astrid Ben Bianca Boris Bruno
    Carla Carlos Chen Clara Daniel Daria David Diego Dora Elena Elias Ella Emil Emma Eric Eva Farid
    Felix Fatima Finn Frida Gabriel Georg Gina Greta Hana Hans Helen Hugo Ida Igor Ines Ingrid Ivan Jack
    Jakob Jan Jasmin Johan Jonas Julia Karim Katya Kenji Klara Lars Laura Lea Leo Lena Liam Lin Lucas
    Lucia Luna Maja Marco Maria Marie Martin Max Maya Mei Mia Mila Mira Nadia Nils Nina Noah Nora Olga
    Oliver Omar Oscar Otto Pablo Paul Paula Petra Priya Rafael Ravi Rita Robert Rosa Samir Sara Sofia
    Sonja Stefan Sven Tara Theo Thomas Tim Tina Tom Uma Vera Victor Viktor Wanda Yara Yusuf Zara Zoe"""
)
CITIES = listed(
    """Accra Amsterdam Ankara Athens Baghdad Bangkok Barcelona Beijing Belgrade Berlin Bern Bogota Boston
    Brussels Bucharest Budapest Cairo Chicago Copenhagen Dakar Delhi Denver Dresden Dublin Florence
    Geneva Genoa Hamburg Hanoi Havana Helsinki Istanbul Jakarta Kyiv Krakow Kyoto Lagos Lima Lisbon
    London Lyon Madrid Manila Melbourne Milan Minsk Montreal Moscow Mumbai Munich Nairobi Naples Osaka
    Oslo Ottawa Paris Porto Prague Quito Rabat Riga Rome Santiago Seattle Seoul Seville Shanghai
    Singapore Sofia Stockholm Sydney Tallinn Tokyo Toronto Tunis Turin Valencia Venice Vienna Vilnius
    Warsaw Zagreb Zurich"""
)
WORDS = listed(
    """acorn alpine amber anchor apple arrow autumn baker bamboo banana barrel basket beacon berry bicycle
    blanket blossom bottle branch bread bridge bronze brush bucket butter button cabin camel camera
    candle canoe canyon carpet castle cedar cellar cherry chimney cinnamon circle clock cloud clover
    coffee comet copper coral cotton cradle crater cricket crystal curtain desert diamond dolphin dragon
    drum eagle ember falcon feather fern fiddle finger flame flute forest fossil fountain fox galaxy
    garden garlic ginger glacier glove grape gravel guitar hammer harbor harvest hazel helmet hollow
    honey horizon island ivory jacket jasmine jelly jewel jungle kettle kitten ladder lagoon lantern
    lemon lilac lizard lobster magnet maple marble meadow melon mirror mitten moss mountain mustard
    needle nest nickel oasis ocean olive onion opal orbit orchard otter oyster paddle palace panther
    parrot peach pebble pencil pepper piano pigeon pillow planet plum pocket pond poplar prairie pumpkin
    puzzle quartz quilt rabbit raven ribbon river rocket saddle saffron sail salmon sandal satin shadow
    shell silver spider spiral spoon squirrel stable starfish stone storm sugar summer sunset swan table
    teapot temple thistle thunder tiger timber tomato trumpet tulip tunnel turtle umbrella valley
    vanilla velvet violin volcano walnut walrus wander water whale whisper willow window winter wizard
    wolf yellow zebra zipper"""
)
LONG_CITIES = (
    "New York",
    "San Francisco",
    "Los Angeles",
    "Sao Paulo",
    "Cape Town",
    "Buenos Aires",
    "Hong Kong",
    "Tel Aviv",
    "Rio de Janeiro",
    "Kuala Lumpur",
    "Mexico City",
    "Santa Fe",
    "Las Vegas",
    "San Diego",
    "New Orleans",
    "Abu Dhabi",
    "Addis Ababa",
    "Den Haag",
    "Le Havre",
    "La Paz",
    "Port Louis",
    "Salt Lake City",
    "Ho Chi Minh City",
)
_SENTENCES = (
    "{who} {will} {do}", "{who} {will} {do} {when}", "please {do}", "please {do} {when}",
    "the {thing} is {state}", "the {thing} is {state} {when}", "{who} {will} not {do}", "it is {state}",
    "we need the {thing}", "where is the {thing}", "I am {state}", "I am {state} {when}",
    "see you {when}", "good luck with the {thing}", "no {thing} {when}",
)  # fmt: skip
_FILLED = {
    "who": (
        "I", "we", "they", "she", "he", "you", "my friend", "the others",
    ),
    "will": (
        "will", "can", "must", "may", "would like to", "want to", "have to",
    ),
    "do": (
        "be late", "come home", "call back", "stay here", "wait outside", "bring the keys",
        "leave early", "start again", "eat dinner", "take the train", "go to work", "meet at noon",
        "sleep well", "buy milk", "write soon", "help you",
    ),
    "when": (
        "today", "tomorrow", "tonight", "at noon", "at five", "soon", "next week", "after lunch",
        "in the morning",
    ),
    "thing": (
        "meeting", "package", "party", "dinner", "report", "car", "phone", "key", "weather", "show",
        "doctor", "lesson",
    ),
    "state": (
        "late", "ready", "here", "over", "broken", "fine", "busy", "lost", "great", "cold", "far away",
        "on the way",
    ),
}  # fmt: skip
COLORS = ("red", "blue", "green", "yellow", "purple", "orange", "black", "white", "brown", "pink")
ANIMALS = ("cat", "dog", "horse", "fox", "owl", "bear", "rabbit", "wolf", "duck", "goat")
JOBS = ("baker", "teacher", "pilot", "nurse", "painter", "farmer", "singer", "lawyer", "cook", "gardener")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = listed("January February March April May June July August September October November December")

_ONSETS = listed(
    "b c d f g h j k l m n p qu r s t v w x y z br ch cl dr fl fr gl gr kr pl pr sh sk sl st th tr"
)
_VOWELS = listed("a a e e i i o o u ai ea ie oa")
_CODAS = ("", "", "", "", *listed("l m n r s t k d n r nd rt st x"))
_TOWN_ENDINGS = ("ville", "ton", "burg", "heim", "stad", "mouth", "a", "o", "grad", "field")
_ENGLISH = frozenset(
    listed(
        """bad ban bar bat bed bet big bit bot box bug but bus can car cat cut day did dir dog dot fan far
        fat few fin fit fix for fun gas get got gun had has hat her him his hit hot job let lid list lot
        mad man map mat met mix mom net new nod not now nut pad pan pen pet pin pit pot put ran rat red
        rid rob rod rot run sad sat saw set sex sit six son sun tax tea ten the them then tin tip top van
        wax web wet win won port post sort step from plan plus trip true train steal find kind mind wind
        print paint start speak break bread clean dream drink drive"""
    )
)


def invented_word(rng: Random) -> str:
    """Two or three syllables, three to nine letters; none that would be a short English word."""
    while True:
        count = rng.choice((1, 2, 2, 2, 3))
        word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(count))
        if 3 <= len(word) <= 9 and word not in _ENGLISH:
            return word


def invented_city(rng: Random) -> str:
    """A town that is on no map."""
    return (invented_word(rng)[:6] + rng.choice(_TOWN_ENDINGS)).capitalize()


def invented_long_city(rng: Random) -> str:
    """One of two or three words."""
    town, other = invented_city(rng), invented_city(rng)
    forms = "New {0}|San {0}|Los {0}|Port {0}|Saint {0}|El {0}|La {0}|{0} City|Rio de {0}|{0} am {1}|{0} {1}"
    return rng.choice(forms.split("|")).format(town, other)


def invented_sentence(rng: Random) -> str:
    """A short one, as in messages."""
    sentence: str = rng.choice(_SENTENCES)
    return sentence.format(**{part: rng.choice(options) for part, options in _FILLED.items()})
