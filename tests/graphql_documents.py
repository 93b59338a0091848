"""Documents of GraphQL made by chance from a seed: right ones from the grammar, and the same with a few changes."""
import random

NAMES = ["a", "b", "id", "name", "on", "query", "fragment", "true", "null", "_x9", "Type", "clusterAgent"]
NUMBERS = ["0", "-1", "42", "1.5", "-0.0e+3", "6E7", "123456789012345678901234567890"]
STRINGS = ['""', '"plain"', r'"\n\"\\\/\b"', r'"\u00e9"', '"é☺"', '"# no comment"']
WIDE_STRINGS = [r'"\u{1F600}"', r'"\uD83D\uDE00"', '"😈"', '"""block"""', '"""\n  two\n    "lines" \\""" \n"""', '""""""']
# What a change puts in: whole tokens, and pieces that are none.
PIECES = ["{", "}", "(", ")", "[", "]", ":", "!", "$", "@", "=", "...", "|", "&", "..", ".", ",", "\n", "\r\n", "#c\n", " ", "0",
          "1.", "-", "e", '"', '"x', "'", "é", "?", "%", "on", "fragment", "query", "null", "$v", "\ufeff"]
WIDE_PIECES = ['"""', "00", "1x", "1.5.2", "\\", r'"\u{', r'"\u{}"', r'"\u{110000}"', r'"\u{0000000041}"', r'"\uD800"', r'"\uD800\u0041"',
               r'"\u12', r'"\q"', '"\x01"', "\x00", "\x7f", "😈", "\u00a0", "\r"]


class Maker:
    """`wide`: with what October 2021 has and the specification of 2018 had not, and what older lexers let pass."""

    def __init__(self, seed, wide=True):
        self.r = random.Random(seed)
        self.wide = wide
        self.with_directives = True

    def some(self, make, least=0, most=2, *args):
        return [make(*args) for _ in range(self.r.randint(least, most))]

    def name(self, but=()):
        but += () if self.wide else ("null",)  # as a value it came in 2016, and graphql-core 2 refuses it
        return self.r.choice([n for n in NAMES if n not in but])

    def value(self, depth, constant):
        kind = self.r.randrange(8 if depth else 5)
        if kind == 0:
            return [self.r.choice(NUMBERS)]
        if kind == 1:
            return [self.r.choice(STRINGS + (WIDE_STRINGS if self.wide else []))]
        if kind == 2:
            return [self.name()]
        if kind in (3, 4):
            return ["true"] if constant else ["$", self.name()]
        if kind in (5, 6):
            return ["["] + [t for v in self.some(self.value, 0, 2, depth - 1, constant) for t in v] + ["]"]
        fields = self.some(lambda: [self.name(), ":"] + self.value(depth - 1, constant))
        return ["{"] + [t for f in fields for t in f] + ["}"]

    def arguments(self, constant):
        if self.r.random() < .6:
            return []
        made = self.some(lambda: [self.name(), ":"] + self.value(2, constant), 1)
        return ["("] + [t for a in made for t in a] + [")"]

    def directives(self, constant=False):
        if not self.with_directives:
            return []
        return [t for _ in range(self.r.choice([0, 0, 0, 1, 2])) for t in ["@", self.name()] + self.arguments(constant)]

    def selection(self, depth):
        kind = self.r.random()
        if kind < .1:
            return ["...", self.name(but=("on",))] + self.directives()
        if kind < .25 and depth:
            return ["..."] + (["on", self.name()] if self.r.random() < .6 else []) + self.directives() + self.selections(depth - 1)
        alias = [self.name(), ":"] if self.r.random() < .2 else []
        inner = self.selections(depth - 1) if depth and self.r.random() < .4 else []
        return alias + [self.name()] + self.arguments(False) + self.directives() + inner

    def selections(self, depth):
        return ["{"] + [t for s in self.some(self.selection, 1, 3, depth) for t in s] + ["}"]

    def type(self, depth=2):
        inner = ["["] + self.type(depth - 1) + ["]"] if depth and self.r.random() < .3 else [self.name()]
        return inner + (["!"] if self.r.random() < .3 else [])

    def variable(self):
        default = ["="] + self.value(1, True) if self.r.random() < .4 else []
        return ["$", self.name(), ":"] + self.type() + default + (self.directives(True) if self.wide else [])

    def definition(self):
        kind = self.r.random()
        if kind < .25:
            return self.selections(2)
        if kind < .45:
            return ["fragment", self.name(but=("on",)), "on", self.name()] + self.directives() + self.selections(1)
        variables = ["("] + [t for v in self.some(self.variable, 1) for t in v] + [")"] if self.r.random() < .5 else []
        name = [self.name()] if self.r.random() < .7 else []
        return [self.r.choice(["query", "mutation", "subscription"])] + name + variables + self.directives() + self.selections(2)

    def written(self, tokens):
        """Blanks only where they are needed, or everywhere, of every kind."""
        spaces = [" ", "  ", ",", "\n", "\t", "\r\n", " # é comment\n"] if self.r.random() < .3 else [" "]
        return "".join(t + self.r.choice(spaces) for t in tokens)

    def changed(self, tokens):
        """One to three changes of tokens, or of characters."""
        pieces = PIECES + WIDE_PIECES if self.wide else [p for p in PIECES if p not in ("null", "@")]
        for _ in range(self.r.choice([1, 1, 2, 3])):
            at = self.r.randrange(len(tokens) + 1)
            tokens[at:at + self.r.choice([0, 1, 1])] = [self.r.choice(pieces)] if self.r.random() < .7 else []
        text = self.written(tokens)
        if self.r.random() < .3:
            text = text[:self.r.randrange(len(text) + 1)]
        return text

    def document(self):
        change = self.r.random() < .6
        # A change could bring them to a variable, where 2018 had none.
        self.with_directives = self.wide or not change
        tokens = [t for d in self.some(self.definition, 1, 2) for t in d]
        return self.changed(tokens) if change else self.written(tokens)


def documents(seed, n, wide=True):
    maker = Maker(seed, wide)
    return [maker.document() for _ in range(n)]
